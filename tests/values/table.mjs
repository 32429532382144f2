// What crosses between JavaScript and Dart, value by value, as each of the two writes it. Every host has to carry each row
// as it says: `tests/e2e/values.rs` has this module run in workerd, `tests/js/direct.mjs` beside the program, and
// `lib/table.g.dart` of the fixture `values` is made of it.
//
// Types count: in Dart, 1 is an `int` and 1.5 a `double`; in JavaScript, 1 and 1n differ, and so do a Map and an object.

const nested = (depth, value = null) => {
  for (let at = 0; at < depth; at++) value = [value];
  return value;
};

const cyclic = () => {
  const map = { inner: [] };
  map.inner.push(map);
  return map;
};

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** The same value on either side, whichever way it goes: what it is called, in JavaScript, in Dart. */
export const BOTH = [
  ['null', () => null, 'null'],
  ['true', () => true, 'true'],
  ['false', () => false, 'false'],
  ['zero', () => 0, '0'],
  ['an integer', () => -7, '-7'],
  ['beyond 32 bits', () => 2 ** 40 + 1, '1099511627777'],
  ['2^53 - 1', () => Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ['2^53', () => 2 ** 53, '9007199254740992'],
  ['-2^53', () => -(2 ** 53), '-9007199254740992'],
  ['an integral number beyond 2^53', () => 2 ** 53 + 2, '9007199254740994.0'],
  ['2^63', () => 2 ** 63, '9223372036854775808.0'],
  ['-2^70', () => -(2 ** 70), '-1180591620717411303424.0'],
  ['1e21', () => 1e21, '1e21'],
  ['1e300', () => 1e300, '1e300'],
  ['a fraction', () => 1.5, '1.5'],
  ['a fraction that binary lacks', () => 0.1, '0.1'],
  ['the least number', () => 5e-324, '5e-324'],
  ['-0', () => -0, '-0.0'],
  ['NaN', () => NaN, 'double.nan'],
  ['infinity', () => Infinity, 'double.infinity'],
  ['-infinity', () => -Infinity, 'double.negativeInfinity'],
  ['a small bigint', () => 1n, 'BigInt.one'],
  ['a bigint of 2^53 + 1', () => 2n ** 53n + 1n, 'BigInt.from(9007199254740992) + BigInt.one'],
  ['a large bigint', () => -(2n ** 70n), '-BigInt.two.pow(70)'],
  ['no text', () => '', "''"],
  ['text', () => 'tür\u0000 \u2028 \u{1f600}', "'tür\\u0000 \\u2028 \\u{1f600}'"],
  ['half of a surrogate pair', () => 'a\ud83d', 'String.fromCharCodes([97, 0xd83d])'],
  ['halves in the wrong order', () => '\ude00\ud83d', 'String.fromCharCodes([0xde00, 0xd83d])'],
  ['a date', () => new Date(1234567890123), 'DateTime.utc(2009, 2, 13, 23, 31, 30, 123)'],
  ['a date before 1970', () => new Date(-1), 'DateTime.utc(1969, 12, 31, 23, 59, 59, 999)'],
  ['the last date', () => new Date(8.64e15), 'DateTime.utc(275760, 9, 13)'],
  ['bytes', () => Uint8Array.of(0, 128, 255), 'Uint8List.fromList([0, 128, 255])'],
  ['no bytes', () => new Uint8Array(0), 'Uint8List(0)'],
  ['an empty list', () => [], '[]'],
  ['lists in lists', () => [1, [1.5, ['a', [null, true]]], []], "[1, [1.5, ['a', [null, true]]], []]"],
  ['an empty map', () => ({}), '<String, Object?>{}'],
  ['maps in maps', () => ({ '': 0, 'a b': { c: { d: null } } }), "{'': 0, 'a b': {'c': {'d': null}}}"],
  [
    'everything, nested',
    () => ({ n: [-0, NaN], i: 3n, d: { at: new Date(0) }, b: [bytes.slice(0, 1)] }),
    "{'n': [-0.0, double.nan], 'i': BigInt.from(3), 'd': {'at': DateTime.utc(1970)}, 'b': [Uint8List.fromList([1])]}",
  ],
  ['a key `__proto__`', () => JSON.parse('{"__proto__": {"a": 1}, "b": 2}'), "{'__proto__': {'a': 1}, 'b': 2}"],
  ['keys of a form that values travel in', () => ({ $: 'n', constructor: 1, then: 2 }), "{r'$': 'n', 'constructor': 1, 'then': 2}"],
  ['lists that look like a form that values travel in', () => [['n', 'NaN'], ['b', 0], ['m', 'a']], "[['n', 'NaN'], ['b', 0], ['m', 'a']]"],
  ['a list in 100 lists', () => nested(100, 'deep'), "nested(100, 'deep')"],
];

/** What JavaScript has more kinds of than Dart. */
export const TO_DART = [
  ['undefined', () => undefined, 'null'],
  ['an integral double', () => 3.0, '3'],
  ['an invalid date', () => new Date(NaN), 'null'],
  ['undefined in an object', () => ({ a: undefined }), "{'a': null}"],
  ['undefined in a list, and none', () => [undefined, , 1], '[null, null, 1]'],
  ['keys that are numbers', () => ({ b: 1, 2: 'x' }), "{'2': 'x', 'b': 1}"],
  ['a Map', () => new Map([['b', 1], ['a', [2]]]), "{'b': 1, 'a': [2]}"],
  ['a Map with other keys', () => new Map([[1, 'a'], ['1', 'b'], [null, 'c'], [true, 'd']]), "{1: 'a', '1': 'b', null: 'c', true: 'd'}"],
  ['a Set', () => new Set(['a', 1, [2]]), "['a', 1, [2]]"],
  ['an ArrayBuffer', () => bytes.slice(2, 4).buffer, 'Uint8List.fromList([3, 4])'],
  ['a view of some bytes', () => bytes.subarray(2, 5), 'Uint8List.fromList([3, 4, 5])'],
  ['a DataView', () => new DataView(bytes.buffer, 6), 'Uint8List.fromList([7, 8])'],
  ['numbers of two bytes', () => new Uint16Array(bytes.buffer, 2, 1), 'Uint8List.fromList([3, 4])'],
  ['fractions of eight bytes', () => Float64Array.of(1), 'Uint8List.fromList([0, 0, 0, 0, 0, 0, 240, 63])'],
  ['an Error', () => new RangeError('too far'), "const WorkersException('RangeError', 'too far')"],
];

/** What Dart has more kinds of than JavaScript. */
export const TO_JAVASCRIPT = [
  ['an integral double', () => 3, '3.0'],
  ['a local time', () => new Date(5), 'DateTime.fromMillisecondsSinceEpoch(5)'],
  ['microseconds', () => new Date(5), 'DateTime.fromMicrosecondsSinceEpoch(5400, isUtc: true)'],
  ['a view of some bytes', () => Uint8Array.of(3, 4), 'Uint8List.sublistView(Uint8List.fromList([1, 2, 3, 4, 5]), 2, 4)'],
  ['typed data that is no bytes', () => [1, 2.5], 'Float64List.fromList([1, 2.5])'],
  ['a list of bytes', () => [1, 2], '<int>[1, 2]'],
  ['keys that are numbers', () => ({ 2: 'x', b: 1 }), "{'b': 1, '2': 'x'}"],
];

/** What JavaScript has and cannot give: the error in Dart. */
export const REFUSED_BY_JAVASCRIPT = [
  ['a cycle', cyclic, 'TypeError: the value is cyclic, or nested too deeply'],
  ['a list in 250 lists', () => nested(250), 'TypeError: the value is cyclic, or nested too deeply'],
];

/**
 * What Dart has and cannot give, in Dart, and how the error begins that names it: as far as a compiler leaves names alone.
 * The first two are for where an `int` is no double.
 */
export const REFUSED_BY_DART = [
  ['2^53 + 1', "[int.parse('9007199254740993')]", 'Invalid argument (argument 2[0]): is beyond 2^53, where JavaScript numbers lose integers; give a BigInt or a String'],
  ['-2^53 - 1', "{'a': int.parse('-9007199254740993')}", 'Invalid argument (argument 2.a): is beyond 2^53, '],
  ['a cycle', 'cyclic()', 'Invalid argument(s) (argument 2.inner[0].inner[0]'],
  ['a list in 250 lists', 'nested(250, null)', 'Invalid argument(s) (argument 2[0][0]'],
  ['a key that is a number', "{'a': [{1: 2}]}", 'Invalid argument (argument 2.a[0]): is a key of type int; only String keys cross to JavaScript'],
  ['a set', "{'a': {1}}", 'Invalid argument (argument 2.a): is a '],
  ['a lazy iterable', "['a'].map((it) => it)", 'Invalid argument (argument 2): is a '],
  ['an object of a class', "{'a': [Object()]}", 'Invalid argument (argument 2.a[0]): is a '],
  ['a Duration', 'Duration.zero', 'Invalid argument (argument 2): is a '],
];

/** Whether the two are the same value of the same kind. */
export function isSame(one, other) {
  if (typeof one !== 'object' || one === null || other === null) return Object.is(one, other);
  if (typeof other !== 'object' || Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Date) return Object.is(one.getTime(), other.getTime());
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return names.length === others.length && names.every((name, at) => name === others[at] && isSame(one[name], other[name]));
}

const rowOf = (tables, name) => tables.flat().find(([it]) => it === name);

/** The value of this name, for Dart. */
export const give = (name) => rowOf([TO_DART, BOTH, REFUSED_BY_JAVASCRIPT], name)[1]();

/** What is wrong with the value that Dart gave for this name; null if nothing is. */
export function take(name, value) {
  const row = rowOf([TO_JAVASCRIPT, BOTH], name);
  if (!row) return 'JavaScript should not have got it';
  return isSame(value, row[1]()) ? null : `JavaScript got ${show(value)}`;
}

function show(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(show)}]`;
  if (Object.getPrototypeOf(value ?? 0) !== Object.prototype) return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
  return `{${Object.keys(value).map((key) => `${JSON.stringify(key)}: ${show(value[key])}`)}}`;
}
