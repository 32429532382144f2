import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';

/// A room, which tells everybody in it what one of them says.
///
/// While nobody says anything it hibernates: it leaves memory, and the
/// connections stay. So nothing is kept in fields; what the room knows of a
/// connection is attached to it, and what was said last is stored.
class Room extends DurableObject {
  static const _remembered = 20;

  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    if (request.headers['upgrade']?.toLowerCase() != 'websocket') {
      return Response('connect with a WebSocket\n', status: 426);
    }
    final name = request.url.queryParameters['name'] ?? 'somebody';
    final WebSocketPair(:client, :server) = WebSocketPair();
    state.acceptWebSocket(server);
    server.serializeAttachment(name);
    for (final said in await _said()) {
      server.send(jsonEncode(said));
    }
    return Response.webSocket(client);
  }

  @override
  Future<void> webSocketMessage(WebSocket ws, Object message) async {
    if (message is! String || message.length > 1000) {
      return ws.close(1009, 'send up to 1000 characters');
    }
    final what = {'from': ws.deserializeAttachment<String>(), 'text': message};
    final said = [...await _said(), what];
    if (said.length > _remembered) said.removeAt(0);
    await state.storage.put('said', said);
    for (final listener in state.getWebSockets()) {
      listener.send(jsonEncode(what));
    }
  }

  Future<List<Object?>> _said() async =>
      await state.storage.get<List<Object?>>('said') ?? const [];
}
