import 'package:cloudflare_workers/pages.dart';

/// Nothing: `[[path]]` beside it answers `/api/todos`. It stands here because
/// it stands in the documents, and dartflare warns of it.
Response onRequest(PagesContext context) =>
    Response.json({'file': 'functions/api/todos/index.dart'});
