import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/environment.dart';
import 'package:cloudflare_workers/src/host/host.dart';

import 'fake_host.dart';
import 'testing.dart';

Environment _environment([Map<String, HostBinding>? bindings]) =>
    environmentFromHost(
      FakeRef('env', properties: {'DASHBOARD': 'shh'}),
      bindings ??
          const {
            'TODOS': HostBinding('kv_namespaces'),
            'VIEWS': HostBinding('durable_objects'),
            'LIMIT': HostBinding('vars', 5),
            'TAGS': HostBinding('vars', ['a', 'b']),
            'TOKEN': HostBinding('secrets', 'abc'),
            'DASHBOARD': HostBinding('unknown'),
            'FILES': HostBinding('r2_buckets'),
          },
    );

Future<String> _error(Object? Function(Environment env) use) async =>
    (await expectThrows<BindingError>(() => use(_environment()))).toString();

const String _listing =
    '  it has: KV namespace `TODOS`, Durable Object namespace `VIEWS`, '
    'variable `LIMIT`, variable `TAGS`, secret `TOKEN`, '
    'binding `DASHBOARD`, R2 bucket `FILES`';

void environmentTests() {
  group('Environment', () {
    test('has what is bound', () {
      final env = _environment();
      env
        ..getKVNamespace('TODOS')
        ..getDurableObjectNamespace('VIEWS');
      expect(env.variable<int>('LIMIT'), 5);
      expect(env.variable<double>('LIMIT'), 5.0);
      expect(env.variable<List<String>>('TAGS'), ['a', 'b']);
      expect(env.secret('TOKEN'), 'abc');
      expect(env.variable<String>('TOKEN'), 'abc');
      expect((env.has('TODOS'), env.has('todos')), (true, false));
      expect(env.names.first, 'TODOS');
    });

    test('what the configuration does not list may be anything', () {
      final env = _environment()..getKVNamespace('DASHBOARD');
      expect(env.secret('DASHBOARD'), 'shh');
    });

    test('a missing name is an error with the nearest one', () async {
      expect(
        await _error((env) => env.getKVNamespace('TODO')),
        'no KV namespace `TODO` in this Worker\'s environment, did you mean '
        '`TODOS`?\n'
        '$_listing\n'
        '  add it under `kv_namespaces` in the Wrangler configuration, or '
        'correct the name',
      );
      expect(
        await _error((env) => env.getDurableObjectNamespace('Unrelated')),
        'no Durable Object namespace `Unrelated` in this Worker\'s '
        'environment\n'
        '$_listing\n'
        '  add it under `durable_objects` in the Wrangler configuration, or '
        'correct the name',
      );
      expect(
        await _error((env) => env.secret('token')),
        'no secret `token` in this Worker\'s environment, did you mean '
        '`TOKEN`?\n'
        '$_listing\n'
        '  set it with `wrangler secret put token`, and in `.dev.vars` for '
        'development, or correct the name',
      );
    });

    test('of two names as near, the one of the right kind is meant', () async {
      final error = await expectThrows<BindingError>(
        () => _environment(const {
          'DATA': HostBinding('vars', ''),
          'DATE': HostBinding('kv_namespaces'),
        }).getKVNamespace('DAT'),
      );
      expect('$error'.contains('did you mean `DATE`?'), true);
    });

    test('an empty environment', () async {
      final error = await expectThrows<BindingError>(
        () => _environment(const {}).variable<String>('A'),
      );
      expect('$error'.contains('it has no names at all'), true);
    });

    test('a name of another kind is an error', () async {
      expect(
        await _error((env) => env.getKVNamespace('VIEWS')),
        '`VIEWS` is a Durable Object namespace in this Worker\'s environment, '
        'not a KV namespace\n$_listing',
      );
      await _error((env) => env.variable<Object>('TODOS'));
    });

    test('a value of another type is an error', () async {
      expect(
        await _error((env) => env.variable<String>('LIMIT')),
        'the variable `LIMIT` is an int, not the String that was asked for',
      );
      expect(
        await _error((env) => env.variable<int>('TOKEN')),
        'the variable `TOKEN` is a String, not the int that was asked for\n'
        '  a value from `.dev.vars` or `.env` is always a String',
      );
      expect(
        await _error((env) => env.secret('LIMIT')),
        'the secret `LIMIT` is an int; a secret is a String',
      );
    });
  });
}
