import 'dart:convert';

import 'package:cloudflare_workers/cloudflare_workers.dart';

/// A room: who is in it, and what was said last.
///
/// While nobody says anything it may leave memory; the connections stay. So
/// what it knows of them is attached to them, and what was said is stored.
class ChatRoom extends DurableObject {
  /// How many messages somebody new gets to see.
  static const _remembered = 50;

  /// How long a message may be.
  static const _longest = 1000;

  ChatRoom() {
    // Keeps a connection alive without waking the room.
    state.setWebSocketAutoResponse(
      const WebSocketRequestResponsePair('ping', 'pong'),
    );
  }

  @override
  Future<Response> fetch(Request request, DurableObjectEnv env) async {
    if (request.headers['upgrade']?.toLowerCase() != 'websocket') {
      return Response('this is for WebSockets\n', status: 426);
    }
    final name = request.url.queryParameters['name']?.trim() ?? '';
    if (name.isEmpty || name.length > 40) {
      return Response.badRequest('a `name` has 1 to 40 characters\n');
    }
    final WebSocketPair(:client, :server) = WebSocketPair();
    state.acceptWebSocket(server);
    server.serializeAttachment(name);
    server.send(jsonEncode({'messages': await _messages()}));
    _tellWhoIsHere();
    return Response.webSocket(client);
  }

  @override
  Future<void> webSocketMessage(WebSocket ws, Object message) async {
    if (message is! String || message.trim().isEmpty) return;
    if (message.length > _longest) return ws.close(1009, 'too long');
    final said = {
      'from': ws.deserializeAttachment<String>(),
      'text': message,
      'at': DateTime.now().toUtc().toIso8601String(),
    };
    final messages = [...await _messages(), said];
    if (messages.length > _remembered) messages.removeAt(0);
    await state.storage.put('messages', messages);
    _tell({
      'messages': [said],
    });
  }

  @override
  void webSocketClose(WebSocket ws, int code, String reason, bool wasClean) =>
      _tellWhoIsHere(except: ws);

  @override
  void webSocketError(WebSocket ws, Object error) => _tellWhoIsHere(except: ws);

  Future<List<Object?>> _messages() async =>
      await state.storage.get<List<Object?>>('messages') ?? const [];

  void _tellWhoIsHere({WebSocket? except}) => _tell({
        'people': [
          for (final ws in state.getWebSockets())
            if (ws != except) ws.deserializeAttachment<String>(),
        ]..sort(),
      });

  void _tell(Map<String, Object?> what) {
    final text = jsonEncode(what);
    for (final ws in state.getWebSockets()) {
      ws.send(text);
    }
  }
}
