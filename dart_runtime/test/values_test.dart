import 'package:cloudflare_workers/cloudflare_workers.dart';
import 'package:cloudflare_workers/src/values.dart';

import 'testing.dart';

T _as<T>(Object? value) => convertValue<T>(value, 'the thing');

void valuesTests() {
  group('convertValue', () {
    test('what is right already is the same object', () {
      final list = <Object?>[1];
      expect(identical(_as<List<Object?>>(list), list), true);
      expect(identical(_as<dynamic>(list), list), true);
      expect(_as<int?>(null), null);
    });

    test('numbers become what is asked for, if nothing is lost', () async {
      expect('${_as<int>(1.0)} ${_as<double>(1)}', '1 1.0');
      expect(_as<int?>(2.0), 2);
      expect(_as<num>(2.5), 2.5);
      await expectThrows<ValueTypeError>(
        () => _as<int>(1.5),
        'the thing is a double, not the int that was asked for',
      );
      await expectThrows<ValueTypeError>(() => _as<int>(double.nan));
      await expectThrows<ValueTypeError>(() => _as<int>(double.infinity));
    });

    test('lists and maps get their types', () async {
      expect('${_as<List<int>>(<Object?>[1, 2.0])}', '[1, 2]');
      expect(_as<List<num>>(<Object?>[1, 2.5]), [1, 2.5]);
      expect(_as<Iterable<String>>(<Object?>['a']).toList(), ['a']);
      expect(_as<List<String?>>(<Object?>['a', null]), ['a', null]);
      expect('${_as<List<double>>(<Object?>[1])}', '[1.0]');
      expect(_as<List<Object>>(<Object?>[1]), [1]);
      expect(_as<List<DateTime>>(<Object?>[DateTime(2026)]).length, 1);
      final scores = _as<Map<String, int>>(<String, Object?>{'a': 1.0});
      expect(scores, {'a': 1});
      expect(
        _as<List<Map<String, dynamic>>>(<Object?>[
          <String, Object?>{'a': 1},
        ]),
        [
          {'a': 1},
        ],
      );
      expect(
        _as<Map<String, List<String>>>(<String, Object?>{
          'a': <Object?>['b'],
        })['a'],
        ['b'],
      );
      await expectThrows<ValueTypeError>(
        () => _as<List<int>>(<Object?>[1, 'b']),
        'the thing is a List, not the List<int>',
      );
      await expectThrows<ValueTypeError>(() => _as<List<Object>>([null]));
    });

    test('errors name both types', () async {
      await expectThrows<ValueTypeError>(
        () => _as<int>('abc'),
        'the thing is a String, not the int that was asked for',
      );
      await expectThrows<TypeError>(() => _as<String>(null), 'is null');
      await expectThrows<ValueTypeError>(() => _as<Uint8List>([1]), 'a List');
    });
  });
}
