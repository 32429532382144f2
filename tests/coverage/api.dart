/// Prints what the package offers, as JSON: the names that a program may use,
/// of classes with their members, and of each the names of its parameters.
library;

import 'dart:convert';
import 'dart:io';
import 'dart:mirrors';

import 'package:cloudflare_workers/cloudflare_workers.dart';

const _package = 'package:cloudflare_workers/cloudflare_workers.dart';

void main() {
  // What is not used might not be there to be seen.
  final used = <Type>[CloudflareWorkers, JSBinding];
  final library = currentMirrorSystem().libraries[Uri.parse(_package)]!;
  final names = <String, Object?>{};
  for (final export in library.libraryDependencies) {
    final target = export.targetLibrary;
    if (!export.isExport || target == null || target.uri.isScheme('dart')) {
      continue;
    }
    for (final combinator in export.combinators) {
      for (final name in combinator.identifiers) {
        names[_name(name)] = _describe(target.declarations[name]);
      }
    }
  }
  stdout.write(used.isEmpty ? '' : jsonEncode(names));
}

Object _describe(DeclarationMirror? declaration) => switch (declaration) {
      ClassMirror() => _members(declaration),
      MethodMirror(:final parameters) => {'()': _parameters(parameters)},
      // A type that is an alias is not among the declarations.
      _ => const <String, Object?>{},
    };

Map<String, Object?> _members(ClassMirror type, {bool isInherited = false}) => {
      // The nearest come last, and count.
      for (final above in [
        if (type.superclass case final above?) above,
        ...type.superinterfaces,
        if (type.mixin != type) type.mixin,
      ])
        ..._members(above, isInherited: true),
      for (final member in type.declarations.values)
        ..._member(member, isInherited: isInherited),
    };

Map<String, Object?> _member(
  DeclarationMirror member, {
  required bool isInherited,
}) {
  if (member.isPrivate) return const {};
  final name = _name(member.simpleName);
  switch (member) {
    case MethodMirror(isConstructor: true, :final constructorName):
      if (isInherited) return const {};
      final isUnnamed = constructorName == Symbol.empty;
      return {
        isUnnamed ? 'new' : _name(constructorName):
            _parameters(member.parameters),
      };
    case MethodMirror():
      if (isInherited && member.isStatic) return const {};
      return {name: _parameters(member.parameters)};
    case VariableMirror():
      return {name: const <String>[]};
    default:
      return const {};
  }
}

List<String> _parameters(List<ParameterMirror> parameters) =>
    [for (final parameter in parameters) _name(parameter.simpleName)];

String _name(Symbol symbol) => MirrorSystem.getName(symbol);
