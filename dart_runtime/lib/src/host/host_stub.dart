/// The host of a platform that cannot run Workers.
library;

import 'host.dart';

/// Throws: this platform has neither `dart:js_interop` nor `dart:io`.
Host get host => throw UnsupportedError(
      'package:cloudflare_workers runs on Cloudflare Workers and under '
      '`dartflare dev`; compile it with dartflare',
    );
