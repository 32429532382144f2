/// The host under `dartflare dev`, where the program runs on the Dart VM.
library;

import 'host.dart';
import 'vm/app.dart';

/// The host of this program.
final Host host = VmHost();
