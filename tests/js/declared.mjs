// What Cloudflare's packages declare: the members of the types, and the keys of Wrangler's configuration.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { root } from './dart.mjs';

const tools = join(root, 'tools/package.json');
const path = (file) => createRequire(tools).resolve(file);

export const versionOf = (name) => JSON.parse(readFileSync(join(root, 'tools/node_modules', name, 'package.json'), 'utf8')).version;

/**
 * The names that the declarations `text` have: `Type.member` for each member of an interface, a class or a type that is an
 * object, `Type` for one without members, and the name of each function and variable. What is in a namespace or a module
 * begins with its name. Types that are choices of words are not among them.
 */
export function declaredNames(text) {
  const ts = createRequire(tools)('typescript');
  const names = new Set();
  const nameOf = (node) => (node && (ts.isIdentifier(node) || ts.isStringLiteral(node) || ts.isNumericLiteral(node)) ? node.text : null);

  function addMembers(type, members) {
    let any = false;
    for (const member of members) {
      const name = ts.isConstructorDeclaration(member) || ts.isConstructSignatureDeclaration(member) ? 'constructor' : nameOf(member.name);
      // A symbol's, or an index signature.
      if (name === null || name === 'prototype') continue;
      any = true;
      names.add(`${type}.${name}`);
    }
    return any;
  }

  function addAlias(name, type) {
    if (ts.isTypeLiteralNode(type)) addMembers(name, type.members);
    if (ts.isParenthesizedTypeNode(type)) addAlias(name, type.type);
    if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) for (const part of type.types) addAlias(name, part);
  }

  function add(node, prefix) {
    if (ts.isModuleDeclaration(node)) {
      for (const inner of node.body?.statements ?? []) add(inner, `${prefix}${node.name.text}.`);
    } else if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) {
      const name = `${prefix}${node.name?.text ?? 'default'}`;
      if (!addMembers(name, node.members) && ![...names].some((known) => known.startsWith(`${name}.`))) names.add(name);
    } else if (ts.isTypeAliasDeclaration(node)) {
      addAlias(`${prefix}${node.name.text}`, node.type);
    } else if (ts.isFunctionDeclaration(node)) {
      names.add(`${prefix}${node.name.text}`);
    } else if (ts.isVariableStatement(node)) {
      for (const { name, type } of node.declarationList.declarations) {
        // A class as its constructor declares it.
        const isClass = type && ts.isTypeLiteralNode(type);
        if (isClass) addMembers(`${prefix}${name.text}`, type.members);
        else names.add(`${prefix}${name.text}`);
      }
    } else if (ts.isExportDeclaration(node)) {
      for (const { name } of node.exportClause?.elements ?? []) names.add(`${prefix}${name.text}`);
    }
  }

  for (const statement of ts.createSourceFile('index.d.ts', text, ts.ScriptTarget.Latest).statements) add(statement, '');
  return names;
}

/** The names that `@cloudflare/workers-types` has. */
export const typeNames = () => declaredNames(readFileSync(path('@cloudflare/workers-types/index.d.ts'), 'utf8'));

/** The keys that a configuration may have, as `config.key`, and below those that hold several kinds of things, theirs. */
export function configurationNames(schema = JSON.parse(readFileSync(path('wrangler/config-schema.json'), 'utf8'))) {
  const find = (node) => (node.$ref ? find(schema.definitions[decodeURIComponent(node.$ref.split('/').at(-1))]) : node);
  const names = new Set();
  const root = find(schema);
  const parts = [root, ...(root.allOf ?? []), ...(root.anyOf ?? [])].map(find);
  for (const part of parts) {
    for (const [key, value] of Object.entries(part.properties ?? {})) {
      const inner = find(value).properties;
      const isGroup = ['durable_objects', 'queues', 'unsafe', 'logfwdr'].includes(key);
      if (isGroup && inner) for (const name of Object.keys(inner)) names.add(`config.${key}.${name}`);
      else names.add(`config.${key}`);
    }
  }
  return names;
}
