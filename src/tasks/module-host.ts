/**
 * The program of the process that a user's task module runs in, as text for `node -e`: it is the same whether this program
 * runs from its sources or from its build. It runs exactly the bytes that it digests.
 */
export const moduleHost = String.raw`
'use strict';
const { createHash } = require('node:crypto');
const { readFileSync, writeSync } = require('node:fs');
const Module = require('node:module');
const { dirname, sep } = require('node:path');
const { compileFunction } = require('node:vm');

const digestOf = (text) => createHash('sha256').update(text).digest('hex');

/** Loads the module; digests it and what it requires below its own folder. */
function load({ file, source }) {
  const folder = dirname(file) + sep;
  const files = {};
  let isLoaded = false;
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, name, ...rest) {
    if (name.startsWith(folder) && !name.includes(sep + 'node_modules' + sep)) {
      if (isLoaded) throw new Error(name + ' must be required when the module is loaded, so that it is digested');
      files[name.slice(folder.length)] = digestOf(content);
    }
    return compile.call(this, content, name, ...rest);
  };
  const json = Module._extensions['.json'];
  Module._extensions['.json'] = function (module, name) {
    if (name.startsWith(folder)) {
      if (isLoaded) throw new Error(name + ' must be required when the module is loaded, so that it is digested');
      files[name.slice(folder.length)] = digestOf(readFileSync(name));
    }
    return json(module, name);
  };
  const module = { exports: {} };
  const run = compileFunction(source, ['module', 'exports', 'require', '__filename', '__dirname'], { filename: file });
  run(module, module.exports, Module.createRequire(file), file, dirname(file));
  isLoaded = true;
  return { exported: module.exports, files };
}

/** What can be sent of what a module exports: that a function is one, and values as they are. */
function described(exported) {
  if (typeof exported !== 'object' || exported === null) return { type: typeof exported };
  const entries = Object.entries(exported);
  return {
    functions: entries.filter(([, value]) => typeof value === 'function').map(([name]) => name),
    values: Object.fromEntries(entries.filter(([, value]) => typeof value !== 'function')),
  };
}

const messageOf = (error) => (error instanceof Error ? error.message : String(error));

if (process.argv[1] === 'describe') {
  let answer;
  try {
    const { exported, files } = load(JSON.parse(readFileSync(0, 'utf8')));
    answer = { ...described(exported), files };
  } catch (error) {
    answer = { failed: messageOf(error) };
  }
  writeSync(3, JSON.stringify(answer));
  process.exit(0);
}

let exported;
process.on('disconnect', () => process.exit(0));
process.on('message', async ({ program, name, given }) => {
  try {
    if (program !== undefined) {
      const loaded = load(program);
      for (const [name, digest] of Object.entries(loaded.files)) {
        if (program.files[name] !== digest) throw new Error(name + ' was changed since the task was loaded');
      }
      exported = loaded.exported;
    }
    if (name === 'load') {
      const { join } = require('node:path');
      const { dataDirectory } = given[0];
      given[0].resolve = (path) => join(dataDirectory, path);
    }
    const value = await exported[name](...given);
    // Undefined is no JSON.
    process.send({ value: value === undefined ? { type: 'undefined' } : { type: typeof value, value } });
  } catch (error) {
    process.send({ failed: messageOf(error) });
  }
});
`;
