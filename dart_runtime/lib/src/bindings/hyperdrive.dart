/// Hyperdrive configurations.
library;

import '../host/host.dart';

/// A Hyperdrive configuration: a pool of connections to a database of your own,
/// near to where the Worker runs.
///
/// What a driver needs to connect, each known at once, as in JavaScript. The
/// [host] and the [password] hold for the running event alone, so read them
/// where you connect.
///
/// Under `dartflare dev` they lead to the database that `localConnectionString`
/// in the Wrangler configuration names. As on Cloudflare, that takes a socket of
/// the Workers runtime: `dart:io` cannot find the [host].
///
/// See https://developers.cloudflare.com/hyperdrive/.
class Hyperdrive {
  Hyperdrive._(this._ref);

  final HostRef _ref;

  /// All of the following in one URL, such as
  /// `postgresql://user:password@host:5432/database`.
  String get connectionString => _ref.getSync('connectionString')! as String;

  /// The name of the host to connect to, which leads to Hyperdrive.
  String get host => _ref.getSync('host')! as String;

  /// The port to connect to.
  int get port => (_ref.getSync('port')! as num).toInt();

  /// The user to connect as.
  String get user => _ref.getSync('user')! as String;

  /// The user's password.
  String get password => _ref.getSync('password')! as String;

  /// The name of the database.
  String get database => _ref.getSync('database')! as String;
}

/// The object behind [ref].
Hyperdrive hyperdriveFromHost(HostRef ref) => Hyperdrive._(ref);
