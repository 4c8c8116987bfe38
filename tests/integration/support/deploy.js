// deploy.js - the files of deploy/ and conf/, read.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import YAML from 'yaml';
import { root } from './gateway.js';

export const textOf = (file) => readFileSync(join(root, file), 'utf8');

/** Paths from the root of the sources. */
export const filesBelow = (folder, pattern) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`)
    .sort();

/** Each document of a file; throws what is wrong with it, warnings too. */
export function documentsOf(file) {
  return YAML.parseAllDocuments(textOf(file), { uniqueKeys: true }).map((document) => {
    for (const fault of [...document.errors, ...document.warnings]) throw new Error(`${file}: ${fault.message}`);
    return document.toJS();
  });
}

export const objectOf = (file) => documentsOf(file)[0];

/** All objects of deploy/kubernetes. */
export const manifests = () => filesBelow('deploy/kubernetes', /\.yaml$/).flatMap(documentsOf);

export function manifest(kind, name = 'bpgate') {
  const found = manifests().find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`deploy/kubernetes has no ${kind} ${name}`);
  return found;
}
