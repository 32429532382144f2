import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';
import 'results.dart';

void main() {
  CloudflareWorkers(
    durableObjects: {'Results': Results.new},
    fetch: (request, env, ctx) async {
      if (request.method != 'POST') return results(env).fetch(request);
      final numbers = (await request.text()).split(RegExp(r'\s+'))
        ..removeWhere((text) => text.isEmpty);
      if (numbers.isEmpty) {
        return Response.badRequest('send numbers as the body\n');
      }
      await env.jobs.sendBatch([
        for (final number in numbers) MessageSendRequest({'square': number}),
      ]);
      return Response('enqueued ${numbers.length}\n', status: 202);
    },
    scheduled: (controller, env, ctx) async {
      // Every hour there is something to do.
      await env.jobs.send({'square': '${controller.scheduledTime.hour}'});
    },
    queue: (batch, env, ctx) async {
      for (final message in batch.messages) {
        final {'square': text!} = message.bodyAs<Map<String, String>>();
        if (batch.queue == 'jobs-given-up') {
          await report(env, '$text cannot be squared');
          continue;
        }
        final number = int.tryParse(text);
        if (number == null) {
          // Perhaps it can the next time.
          message.retry(delay: Duration(seconds: message.attempts));
          continue;
        }
        await report(env, '$text squared is ${number * number}');
        // Whatever becomes of the others, this one is done.
        message.ack();
      }
    },
  );
}

/// The object that collects the results.
DurableObjectStub results(Environment env) => env.results.getByName('all');

/// Has [line] collected.
Future<void> report(Environment env, String line) async {
  final request = Request('https://results/', method: 'POST', body: line);
  await results(env).fetch(request);
}
