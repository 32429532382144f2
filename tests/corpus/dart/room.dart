library;
import 'dart:async';
import 'package:cloudflare_workers/cloudflare_workers.dart' deferred as x show A, B hide C;
export 'a.dart' if (dart.library.io) 'b.dart';
part 'p.dart';

const limit = 10;
final List<int> names = [1, 2], more = const {};
String title = 'a' "b" r'c$' '''d''';

void main() {
  CloudflareWorkers(
    durableObjects: {'Room': Room.new, "Hall": () => Hall(1)},
    entrypoints: {'Admin': Admin.new},
    fetch: (request, env, ctx) async => Response.ok('${1 + 1} $title'),
  );
}

/// Doc.
class Room extends DurableObject {
  Room();
  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async { return Response.ok(''); }
  Future<Map<String, Object?>> add(int a, {required String b, List<int>? c = const [1]}) async => {};
  int _hidden() => 1;
  static void s() {}
  int get size => 1;
  Stream<int> count([num a = 1, dynamic b]) async* { yield 1; }
  T same<T extends Object>(T value) => value;
}
class Admin extends WorkerEntrypoint { Future<Cart> cart() async => Cart(); }
class Cart extends RpcTarget { void put(Cart other, void Function(int) f) {} }
sealed class S {} enum E { a, b; void f() {} } mixin M on S {} extension X on S {} extension type T(int i) {} typedef F = void Function();
