/// Who is signed in.
final class Account {
  const Account(this.id, this.name);

  final int id;
  final String name;
}
