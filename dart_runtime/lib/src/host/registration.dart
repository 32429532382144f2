/// What a program did wrong when it registered; the same words on either host.
library;

/// `main()` had returned already.
StateError registeredLate() => StateError(
      'CloudflareWorkers was constructed after `main()` had returned; '
      'construct it before the first `await`',
    );

/// There is a Worker already.
StateError registeredTwice() => StateError(
      'CloudflareWorkers was constructed twice; give all handlers and '
      'Durable Objects to one',
    );

/// There is no Workers runtime around the program.
UnsupportedError startedAlone() => UnsupportedError(
      'a Worker runs under `dartflare dev` or on Cloudflare; start this '
      'program with `dartflare dev`',
    );
