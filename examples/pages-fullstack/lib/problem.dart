/// What is wrong with a request: whoever finds it throws it, and the middleware
/// of the root answers with it.
final class Problem implements Exception {
  const Problem(this.status, this.message);

  final int status;

  /// For the person at the screen.
  final String message;
}
