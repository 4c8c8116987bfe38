// kubernetes.js - whether an object is one that Kubernetes takes.
//
// The schemas say which fields there have to be, and their types. That there are no others, which is how a
// misspelt one is found, only the types for TypeScript that lie beside them say.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './gateway.js';

const packages = join(root, 'tests/node_modules');
const require = createRequire(import.meta.url);
const read = new Map();

/** The fields of the first interface of a file, and where the types that they name are. */
function typeOf(file) {
  if (!read.has(file)) {
    const text = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\//g, '');
    const imports = [...text.matchAll(/^import \{ (\w+) \} from "([^"]+)";/gm)];
    const [, body] = /^export interface [^{]*\{\n([^]*?)^\}/m.exec(text) ?? [];
    read.set(file, {
      fields: body && new Map([...body.matchAll(/^ {4}"([^"]+)"\??: (.*?);?$/gm)].map(([, name, type]) => [name, type])),
      places: new Map(imports.map(([, name, path]) => [name, path.startsWith('.') ? join(dirname(file), path) : join(packages, path)])),
    });
  }
  return read.get(file);
}

function unknownFields(value, file, path) {
  const { fields, places } = typeOf(file);
  if (!fields || value === null || typeof value !== 'object') return []; // a text or a number by another name
  return Object.entries(value).flatMap(([name, inner]) => {
    const type = fields.get(name);
    if (type === undefined) return [`${path}.${name} is no field`];
    const place = places.get(/^(?:Array<)?(\w+)>?$/.exec(type)?.[1]);
    if (!place) return [];
    const items = Array.isArray(inner) ? inner.map((item, i) => [item, `${path}.${name}[${i}]`]) : [[inner, `${path}.${name}`]];
    return items.flatMap(([item, at]) => unknownFields(item, `${place}.d.ts`, at));
  });
}

/** What is wrong with it; nothing: an empty list. */
export function faultsOf(object) {
  const path = join(packages, 'kubernetes-models', object.apiVersion, object.kind);
  if (!existsSync(`${path}.js`)) return [`there is no ${object.kind} in ${object.apiVersion}`];
  const Model = require(path)[object.kind];
  const faults = unknownFields(object, `${path}.d.ts`, object.kind);
  try {
    new Model(object).validate();
  } catch (error) {
    faults.push(error.message);
  }
  return faults;
}
