/// Cryptography.
library;

import 'dart:convert';
import 'dart:typed_data';

import '../host/current.dart';
import '../http/body.dart';

/// The cryptography of the Workers runtime.
///
/// ```dart
/// final hash = await crypto.subtle.digest(HashAlgorithm.sha256, 'text');
/// final id = crypto.randomUUID();
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/web-crypto/.
const Crypto crypto = Crypto._();

HostRef get _crypto => host.global.property('crypto');

/// Random numbers and, as [subtle], all else; to be had as [crypto].
final class Crypto {
  const Crypto._();

  /// How many bytes the platform makes at once.
  static const int _atOnce = 65536;

  /// Keys and what is done with them.
  SubtleCrypto get subtle => const SubtleCrypto._();

  /// [length] random bytes that nobody can foresee.
  ///
  /// During development the whole program waits for them a fraction of a
  /// millisecond.
  Uint8List getRandomValues(int length) {
    final bytes = BytesBuilder(copy: false);
    for (var left = length; left > 0; left -= _atOnce) {
      final size = left < _atOnce ? left : _atOnce;
      final part = _crypto.callSync('getRandomValues', [Uint8List(size)]);
      bytes.add(part! as Uint8List);
    }
    return bytes.takeBytes();
  }

  /// A random identifier, such as `c5a0b1f2-4a2e-4d7c-9c3f-0f6c0f6b2f0e`.
  ///
  /// During development the whole program waits for it a fraction of a
  /// millisecond.
  String randomUUID() => _crypto.callSync('randomUUID', const [])! as String;
}

/// A function that makes a short fingerprint of data.
enum HashAlgorithm {
  /// MD5, for old systems alone: it is broken.
  md5('MD5'),

  /// SHA-1, for old systems alone: it is broken.
  sha1('SHA-1'),

  /// SHA-256.
  sha256('SHA-256'),

  /// SHA-384.
  sha384('SHA-384'),

  /// SHA-512.
  sha512('SHA-512');

  const HashAlgorithm(this.wireName);

  /// The name that the platform knows it by.
  final String wireName;
}

/// What may be done with a [CryptoKey].
enum KeyUsage {
  /// [SubtleCrypto.encrypt].
  encrypt,

  /// [SubtleCrypto.decrypt].
  decrypt,

  /// [SubtleCrypto.sign].
  sign,

  /// [SubtleCrypto.verify].
  verify,

  /// [SubtleCrypto.deriveKey].
  deriveKey,

  /// [SubtleCrypto.deriveBits].
  deriveBits,

  /// [SubtleCrypto.wrapKey].
  wrapKey,

  /// [SubtleCrypto.unwrapKey].
  unwrapKey,
}

/// How a key is written as bytes.
enum KeyFormat {
  /// The bytes of the key itself: a secret key, or a public key of an elliptic
  /// curve.
  raw,

  /// A private key in the form PKCS #8.
  pkcs8,

  /// A public key in the form SubjectPublicKeyInfo.
  spki,

  /// The JSON text of a JSON Web Key, in UTF-8; for [SubtleCrypto.wrapKey] and
  /// [SubtleCrypto.unwrapKey] alone.
  jwk,
}

/// What a [CryptoKey] is.
enum KeyType {
  /// A key that both sides have.
  secret,

  /// The half of a pair that everyone may have.
  public,

  /// The half of a pair that stays where it was made.
  private,
}

/// An elliptic curve.
enum EcCurve {
  /// P-256.
  p256('P-256'),

  /// P-384.
  p384('P-384'),

  /// P-521.
  p521('P-521');

  const EcCurve(this.wireName);

  /// The name that the platform knows it by.
  final String wireName;
}

/// What a key is made for.
final class KeyAlgorithm {
  KeyAlgorithm._(this.name,
      [this._parameters = const {}, this._isPair = false]);

  /// HMAC with [hash]. [length] is that of a key that is made, in bits; by
  /// default the block size of [hash].
  factory KeyAlgorithm.hmac(HashAlgorithm hash, {int? length}) =>
      KeyAlgorithm._('HMAC', {
        'hash': hash.wireName,
        if (length != null) 'length': length,
      });

  /// AES in the mode GCM; [length] is that of a key that is made, in bits: 128,
  /// 192 or 256.
  factory KeyAlgorithm.aesGcm({int length = 256}) =>
      KeyAlgorithm._('AES-GCM', {'length': length});

  /// AES in the mode CBC; [length] as for [KeyAlgorithm.aesGcm].
  factory KeyAlgorithm.aesCbc({int length = 256}) =>
      KeyAlgorithm._('AES-CBC', {'length': length});

  /// AES in the mode CTR; [length] as for [KeyAlgorithm.aesGcm].
  factory KeyAlgorithm.aesCtr({int length = 256}) =>
      KeyAlgorithm._('AES-CTR', {'length': length});

  /// AES for wrapping keys; [length] as for [KeyAlgorithm.aesGcm].
  factory KeyAlgorithm.aesKw({int length = 256}) =>
      KeyAlgorithm._('AES-KW', {'length': length});

  /// ECDSA, a pair, for signatures.
  factory KeyAlgorithm.ecdsa(EcCurve curve) =>
      KeyAlgorithm._('ECDSA', {'namedCurve': curve.wireName}, true);

  /// ECDH, a pair, for a secret in common.
  factory KeyAlgorithm.ecdh(EcCurve curve) =>
      KeyAlgorithm._('ECDH', {'namedCurve': curve.wireName}, true);

  /// Ed25519, a pair, for signatures.
  factory KeyAlgorithm.ed25519() => KeyAlgorithm._('Ed25519', const {}, true);

  /// X25519, a pair, for a secret in common.
  factory KeyAlgorithm.x25519() => KeyAlgorithm._('X25519', const {}, true);

  /// RSA-PSS with [hash], a pair, for signatures. [modulusLength], in bits, is
  /// that of a pair that is made.
  factory KeyAlgorithm.rsaPss(HashAlgorithm hash, {int modulusLength = 2048}) =>
      KeyAlgorithm._rsa('RSA-PSS', hash, modulusLength);

  /// RSASSA-PKCS1-v1_5 with [hash], a pair, for signatures; [modulusLength] as
  /// for [KeyAlgorithm.rsaPss].
  factory KeyAlgorithm.rsaSsaPkcs1(
    HashAlgorithm hash, {
    int modulusLength = 2048,
  }) =>
      KeyAlgorithm._rsa('RSASSA-PKCS1-v1_5', hash, modulusLength);

  /// RSA-OAEP with [hash], a pair, for encryption; [modulusLength] as for
  /// [KeyAlgorithm.rsaPss].
  factory KeyAlgorithm.rsaOaep(
    HashAlgorithm hash, {
    int modulusLength = 2048,
  }) =>
      KeyAlgorithm._rsa('RSA-OAEP', hash, modulusLength);

  /// PBKDF2, for keys from a password.
  factory KeyAlgorithm.pbkdf2() => KeyAlgorithm._('PBKDF2');

  /// HKDF, for keys from another.
  factory KeyAlgorithm.hkdf() => KeyAlgorithm._('HKDF');

  /// Any other algorithm by the platform's name and parameters; [isPair] tells
  /// whether a pair is made.
  factory KeyAlgorithm.other(
    String name, {
    Map<String, Object?> parameters = const {},
    bool isPair = false,
  }) =>
      KeyAlgorithm._(name, parameters, isPair);

  factory KeyAlgorithm._rsa(String name, HashAlgorithm hash, int length) =>
      KeyAlgorithm._(
        name,
        {
          'hash': hash.wireName,
          'modulusLength': length,
          // 65537, as everybody has it.
          'publicExponent': Uint8List.fromList([1, 0, 1]),
        },
        true,
      );

  /// The name that the platform knows it by.
  final String name;

  final Map<String, Object?> _parameters;
  final bool _isPair;

  Map<String, Object?> _toHost() => {'name': name, ..._parameters};
}

/// How something is signed.
final class SignatureAlgorithm {
  const SignatureAlgorithm._(this._name, [this._parameters = const {}]);

  /// HMAC, with the hash of the key.
  const SignatureAlgorithm.hmac() : this._('HMAC');

  /// ECDSA with [hash].
  SignatureAlgorithm.ecdsa(HashAlgorithm hash)
      : this._('ECDSA', {'hash': hash.wireName});

  /// Ed25519.
  const SignatureAlgorithm.ed25519() : this._('Ed25519');

  /// RSA-PSS, with the hash of the key and a salt of [saltLength] bytes.
  SignatureAlgorithm.rsaPss({required int saltLength})
      : this._('RSA-PSS', {'saltLength': saltLength});

  /// RSASSA-PKCS1-v1_5, with the hash of the key.
  const SignatureAlgorithm.rsaSsaPkcs1() : this._('RSASSA-PKCS1-v1_5');

  /// Any other algorithm by the platform's name and parameters.
  const SignatureAlgorithm.other(
    String name, [
    Map<String, Object?> parameters = const {},
  ]) : this._(name, parameters);

  final String _name;
  final Map<String, Object?> _parameters;

  Map<String, Object?> _toHost() => {'name': _name, ..._parameters};
}

/// How something is encrypted.
final class EncryptionAlgorithm {
  const EncryptionAlgorithm._(this._name, [this._parameters = const {}]);

  /// AES in the mode GCM, which also tells whether the data was changed.
  ///
  /// [iv], usually of 12 bytes, must be another one each time.
  /// [additionalData] is protected from changes, and not encrypted.
  /// [tagLength], in bits, is by default 128.
  EncryptionAlgorithm.aesGcm({
    required List<int> iv,
    List<int>? additionalData,
    int? tagLength,
  }) : this._('AES-GCM', {
          'iv': _bytes(iv, 'iv'),
          if (additionalData != null)
            'additionalData': _bytes(additionalData, 'additionalData'),
          if (tagLength != null) 'tagLength': tagLength,
        });

  /// AES in the mode CBC; [iv], of 16 bytes, must be another one each time.
  EncryptionAlgorithm.aesCbc({required List<int> iv})
      : this._('AES-CBC', {'iv': _bytes(iv, 'iv')});

  /// AES in the mode CTR. The last [length] bits of [counter], of 16 bytes,
  /// count; the whole must be another one for each block.
  EncryptionAlgorithm.aesCtr({
    required List<int> counter,
    required int length,
  }) : this._('AES-CTR', {
          'counter': _bytes(counter, 'counter'),
          'length': length,
        });

  /// AES for wrapping keys.
  const EncryptionAlgorithm.aesKw() : this._('AES-KW');

  /// RSA-OAEP, with the hash of the key; [label] must be the same on both
  /// sides.
  EncryptionAlgorithm.rsaOaep({List<int>? label})
      : this._('RSA-OAEP', {
          if (label != null) 'label': _bytes(label, 'label'),
        });

  /// Any other algorithm by the platform's name and parameters.
  const EncryptionAlgorithm.other(
    String name, [
    Map<String, Object?> parameters = const {},
  ]) : this._(name, parameters);

  final String _name;
  final Map<String, Object?> _parameters;

  Map<String, Object?> _toHost() => {'name': _name, ..._parameters};
}

/// How a key or bits are made from another key.
final class DerivationAlgorithm {
  const DerivationAlgorithm._(this._name, this._parameters);

  /// PBKDF2 with [hash], from a password; the platform takes up to 100 000
  /// [iterations].
  DerivationAlgorithm.pbkdf2({
    required HashAlgorithm hash,
    required List<int> salt,
    required int iterations,
  }) : this._('PBKDF2', {
          'hash': hash.wireName,
          'salt': _bytes(salt, 'salt'),
          'iterations': iterations,
        });

  /// HKDF with [hash].
  DerivationAlgorithm.hkdf({
    required HashAlgorithm hash,
    required List<int> salt,
    required List<int> info,
  }) : this._('HKDF', {
          'hash': hash.wireName,
          'salt': _bytes(salt, 'salt'),
          'info': _bytes(info, 'info'),
        });

  /// ECDH, with the [publicKey] of the other side.
  DerivationAlgorithm.ecdh(CryptoKey publicKey)
      : this._('ECDH', {'public': publicKey._ref});

  /// X25519, with the [publicKey] of the other side.
  DerivationAlgorithm.x25519(CryptoKey publicKey)
      : this._('X25519', {'public': publicKey._ref});

  final String _name;
  final Map<String, Object?> _parameters;

  Map<String, Object?> _toHost() => {'name': _name, ..._parameters};
}

/// A key, which stays in the runtime.
///
/// It can be used while the event is handled that it was made in: a further
/// event imports it again.
final class CryptoKey {
  CryptoKey._(this._ref);

  static const List<String> _properties = [
    'type',
    'extractable',
    'algorithm',
    'usages',
  ];

  final HostRef _ref;

  Map<String, Object?> get _selected => _ref.selected;

  /// What it is.
  KeyType get type => KeyType.values.byName(_selected['type']! as String);

  /// Whether it can be exported.
  bool get isExtractable => _selected['extractable'] == true;

  /// The name of its algorithm, such as `AES-GCM`.
  String get algorithmName => algorithm['name']! as String;

  /// Its algorithm and what belongs to it, by the platform's names.
  Map<String, Object?> get algorithm =>
      _selected['algorithm']! as Map<String, Object?>;

  /// What may be done with it.
  Set<KeyUsage> get usages => {
        for (final usage in _selected['usages']! as List<Object?>)
          KeyUsage.values.byName(usage! as String),
      };
}

/// A pair of keys.
final class CryptoKeyPair {
  CryptoKeyPair._(this.publicKey, this.privateKey);

  /// The half that everyone may have.
  final CryptoKey publicKey;

  /// The half that stays here.
  final CryptoKey privateKey;
}

/// Keys and what is done with them; to be had as `crypto.subtle`.
///
/// Data is a [String], whose UTF-8 is taken, or bytes (`List<int>`); anything
/// else throws an [ArgumentError]. What the platform refuses throws a
/// [WorkersException], named `OperationError` for data that cannot be decrypted
/// and `InvalidAccessError` for a key that is not for this.
///
/// ```dart
/// final key = await crypto.subtle.importKey(
///   KeyFormat.raw,
///   secret,
///   KeyAlgorithm.hmac(HashAlgorithm.sha256),
///   usages: {KeyUsage.verify},
/// );
/// final isRight = await crypto.subtle
///     .verify(const SignatureAlgorithm.hmac(), key, signature, body);
/// ```
///
/// See https://developers.cloudflare.com/workers/runtime-apis/web-crypto/.
final class SubtleCrypto {
  const SubtleCrypto._();

  HostRef get _ref => _crypto.property('subtle');

  /// The fingerprint of [data], which may be a `Stream<List<int>>` too; the body
  /// of a request or response does not pass through Dart.
  Future<Uint8List> digest(HashAlgorithm algorithm, Object data) async {
    final digest = data is Stream<List<int>>
        ? await host.helpers.call(
            'digestStream',
            [algorithm.wireName, streamToHost(data)],
          )
        : await _ref.call('digest', [algorithm.wireName, _bytes(data)]);
    return digest! as Uint8List;
  }

  /// Whether [a] and [b] are the same, in a time that does not tell where they
  /// differ. Of two lengths they are not the same.
  ///
  /// During development the whole program waits a fraction of a millisecond for
  /// it.
  bool timingSafeEqual(Object a, Object b) {
    final (one, other) = (_bytes(a, 'a'), _bytes(b, 'b'));
    return one.length == other.length &&
        _ref.callSync('timingSafeEqual', [one, other]) == true;
  }

  /// Makes a secret key for [algorithm].
  ///
  /// Throws an [ArgumentError] for an algorithm that has pairs; see
  /// [generateKeyPair].
  Future<CryptoKey> generateKey(
    KeyAlgorithm algorithm, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) async {
    if (algorithm._isPair) {
      throw ArgumentError.value(
        algorithm.name,
        'algorithm',
        'its keys come in pairs; call `generateKeyPair`',
      );
    }
    return _key(
      _ref.call(
        'generateKey',
        [algorithm._toHost(), extractable, _names(usages)],
        select: CryptoKey._properties,
      ),
    );
  }

  /// Makes a pair of keys for [algorithm]. [extractable] is about the private
  /// key; the public one always is.
  ///
  /// Throws an [ArgumentError] for an algorithm that has no pairs; see
  /// [generateKey].
  Future<CryptoKeyPair> generateKeyPair(
    KeyAlgorithm algorithm, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) async {
    if (!algorithm._isPair) {
      throw ArgumentError.value(
        algorithm.name,
        'algorithm',
        'its keys do not come in pairs; call `generateKey`',
      );
    }
    final pair = await _ref.call(
      'generateKey',
      [algorithm._toHost(), extractable, _names(usages)],
      select: const [],
    );
    Future<CryptoKey> half(String name) => _key(
          host.helpers.call(
            'itself',
            [(pair! as HostRef).property(name)],
            select: CryptoKey._properties,
          ),
        );
    return CryptoKeyPair._(await half('publicKey'), await half('privateKey'));
  }

  /// Makes a key of [data], bytes in the form of [format].
  Future<CryptoKey> importKey(
    KeyFormat format,
    Object data,
    KeyAlgorithm algorithm, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) async {
    if (format == KeyFormat.jwk) {
      throw ArgumentError.value(
        format.name,
        'format',
        'a JSON Web Key is a map; call `importJwk`',
      );
    }
    return _import(
      format,
      _bytes(data),
      algorithm,
      extractable: extractable,
      usages: usages,
    );
  }

  /// Makes a key of [key], a JSON Web Key.
  Future<CryptoKey> importJwk(
    Map<String, Object?> key,
    KeyAlgorithm algorithm, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) =>
      _import(
        KeyFormat.jwk,
        key,
        algorithm,
        extractable: extractable,
        usages: usages,
      );

  Future<CryptoKey> _import(
    KeyFormat format,
    Object data,
    KeyAlgorithm algorithm, {
    required bool extractable,
    required Set<KeyUsage> usages,
  }) =>
      _key(
        _ref.call(
          'importKey',
          [
            format.name,
            data,
            algorithm._toHost(),
            extractable,
            _names(usages),
          ],
          select: CryptoKey._properties,
        ),
      );

  /// The bytes of [key] in the form of [format].
  ///
  /// Throws a [WorkersException] if it is not extractable.
  Future<Uint8List> exportKey(KeyFormat format, CryptoKey key) async {
    if (format == KeyFormat.jwk) {
      throw ArgumentError.value(
        format.name,
        'format',
        'a JSON Web Key is a map; call `exportJwk`',
      );
    }
    final data = await _ref.call('exportKey', [format.name, key._ref]);
    return data! as Uint8List;
  }

  /// [key] as a JSON Web Key.
  ///
  /// Throws a [WorkersException] if it is not extractable.
  Future<Map<String, Object?>> exportJwk(CryptoKey key) async {
    final jwk = await _ref.call('exportKey', [KeyFormat.jwk.name, key._ref]);
    return {
      // What the platform leaves undefined it does not take back as null.
      for (final MapEntry(:key, :value)
          in (jwk! as Map<String, Object?>).entries)
        if (value != null) key: value,
    };
  }

  /// The signature of [data] by [key].
  Future<Uint8List> sign(
    SignatureAlgorithm algorithm,
    CryptoKey key,
    Object data,
  ) =>
      _bits('sign', [algorithm._toHost(), key._ref, _bytes(data)]);

  /// Whether [signature] is that of [data] by [key].
  Future<bool> verify(
    SignatureAlgorithm algorithm,
    CryptoKey key,
    List<int> signature,
    Object data,
  ) async =>
      await _ref.call('verify', [
        algorithm._toHost(),
        key._ref,
        _bytes(signature, 'signature'),
        _bytes(data),
      ]) ==
      true;

  /// [data] encrypted with [key].
  Future<Uint8List> encrypt(
    EncryptionAlgorithm algorithm,
    CryptoKey key,
    Object data,
  ) =>
      _bits('encrypt', [algorithm._toHost(), key._ref, _bytes(data)]);

  /// What [data] was before it was encrypted.
  Future<Uint8List> decrypt(
    EncryptionAlgorithm algorithm,
    CryptoKey key,
    List<int> data,
  ) =>
      _bits('decrypt', [algorithm._toHost(), key._ref, _bytes(data)]);

  /// [length] bits, a multiple of 8, that are made from [baseKey]. For ECDH and
  /// X25519 `null` is all that there are.
  Future<Uint8List> deriveBits(
    DerivationAlgorithm algorithm,
    CryptoKey baseKey,
    int? length,
  ) =>
      _bits('deriveBits', [algorithm._toHost(), baseKey._ref, length]);

  /// A key for [derived] that is made from [baseKey].
  Future<CryptoKey> deriveKey(
    DerivationAlgorithm algorithm,
    CryptoKey baseKey,
    KeyAlgorithm derived, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) =>
      _key(
        _ref.call(
          'deriveKey',
          [
            algorithm._toHost(),
            baseKey._ref,
            derived._toHost(),
            extractable,
            _names(usages),
          ],
          select: CryptoKey._properties,
        ),
      );

  /// [key] in the form of [format], encrypted with [wrappingKey].
  Future<Uint8List> wrapKey(
    KeyFormat format,
    CryptoKey key,
    CryptoKey wrappingKey,
    EncryptionAlgorithm algorithm,
  ) =>
      _bits('wrapKey', [
        format.name,
        key._ref,
        wrappingKey._ref,
        algorithm._toHost(),
      ]);

  /// The key that [wrapped] is, made by [wrapKey] in the form of [format].
  Future<CryptoKey> unwrapKey(
    KeyFormat format,
    List<int> wrapped,
    CryptoKey unwrappingKey,
    EncryptionAlgorithm algorithm,
    KeyAlgorithm unwrapped, {
    required Set<KeyUsage> usages,
    bool extractable = false,
  }) =>
      _key(
        _ref.call(
          'unwrapKey',
          [
            format.name,
            _bytes(wrapped, 'wrapped'),
            unwrappingKey._ref,
            algorithm._toHost(),
            unwrapped._toHost(),
            extractable,
            _names(usages),
          ],
          select: CryptoKey._properties,
        ),
      );

  Future<Uint8List> _bits(String method, List<Object?> arguments) async =>
      (await _ref.call(method, arguments))! as Uint8List;

  static Future<CryptoKey> _key(Future<Object?> key) async =>
      CryptoKey._((await key)! as HostRef);

  static List<String> _names(Set<KeyUsage> usages) =>
      [for (final usage in usages) usage.name];
}

Uint8List _bytes(Object data, [String name = 'data']) => switch (data) {
      Uint8List() => data,
      List<int>() => Uint8List.fromList(data),
      String() => utf8.encode(data),
      _ => throw ArgumentError.value(data, name, 'give a `String` or bytes'),
    };
