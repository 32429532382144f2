/// Every test of the package that needs no Workers runtime.
///
/// Prints `N passed, N failed`; ends with an error if one failed.
library;

import 'd1_database_test.dart';
import 'direct_host_test.dart';
import 'durable_objects_test.dart';
import 'environment_test.dart';
import 'events_test.dart';
import 'form_data_test.dart';
import 'fuzz_test.dart';
import 'headers_test.dart';
import 'http_test.dart';
import 'kv_namespace_test.dart';
import 'matchers_test.dart';
import 'pages/functions_test.dart';
import 'pages/router_property_test.dart';
import 'pages/router_test.dart';
import 'r2_test.dart';
import 'remote_test.dart';
import 'rpc_test.dart';
import 'runtime_test.dart';
import 'small_bindings_test.dart';
import 'sql_test.dart';
import 'testing.dart';
import 'values_test.dart';
import 'vm_host_test.dart';
import 'web_socket_test.dart';
import 'workflows_test.dart';

Future<void> main() async {
  // First: what the VM learns from the others makes these take thrice as long.
  fuzzTests();
  headersTests();
  matchersTests();
  formDataTests();
  valuesTests();
  httpTests();
  environmentTests();
  kvNamespaceTests();
  d1DatabaseTests();
  r2Tests();
  durableObjectsTests();
  smallBindingsTests();
  sqlTests();
  webSocketTests();
  workflowsTests();
  remoteTests();
  directHostTests();
  eventsTests();
  rpcTests();
  runtimeTests();
  functionsTests();
  routerTests();
  routerPropertyTests();
  vmHostTests();
  final failed = await runTests();
  if (failed > 0) throw StateError('$failed tests failed');
}
