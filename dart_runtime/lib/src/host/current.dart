/// The host of the platform that the program is compiled for.
library;

export 'host.dart';
export 'host_stub.dart'
    if (dart.library.js_interop) 'host_js.dart'
    if (dart.library.io) 'host_vm.dart';
