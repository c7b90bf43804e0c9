// Builds the booth, byte for byte the same from the same sources: `node build.mjs [FOLDER]`.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, '../web/src/isoloir_web/static/booth');
const shared = { bundle: true, minify: true, charset: 'utf8', legalComments: 'none', write: false, absWorkingDir: here, logLevel: 'warning' };

const one = async (options) => (await build({ ...shared, ...options })).outputFiles[0].contents;
const files = {
  'booth.js': await one({ entryPoints: ['src/main.ts'], format: 'iife', target: 'es2020' }),
  'support.js': await one({ entryPoints: ['src/support.js'], format: 'iife', target: 'es5' }),
  'booth.css': await one({ entryPoints: ['static/booth.css'], target: ['chrome86', 'firefox80', 'safari14'] }),
  'key.js': await one({ entryPoints: ['src/key/main.ts'], format: 'iife', target: 'es2020' }),
  'key.css': await one({ entryPoints: ['static/key.css'], target: ['chrome86', 'firefox80', 'safari14'] }),
};

// A page names the hash of all that it loads, so that its own hash stands for the whole.
const integrity = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
for (const name of ['index.html', 'key.html']) {
  const frame = readFileSync(join(here, 'static', name), 'utf8');
  files[name] = frame.replace(/@([\w.]+)@/g, (_, loaded) => integrity(files[loaded]));
}

// Two pages are one file each, so that they work when saved: script and style stand in them, allowed by their hashes
// alone, and their policy both in them and in NAME-policy.txt for the server's header.
const text = async (options) => new TextDecoder().decode(await one(options)).trim();
const hashed = (content) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
for (const name of ['check', 'trustee']) {
  const script = await text({ entryPoints: [`src/${name}/main.ts`], format: 'iife', target: 'es2020' });
  const style = await text({ entryPoints: [`static/${name}.css`], target: ['chrome86', 'firefox80', 'safari14'] });
  if (/<\/(script|style)|<!--/i.test(script + style)) throw new Error(`${name}.html: script or style would end its element`);
  const policy = `default-src 'none'; script-src ${hashed(script)}; style-src ${hashed(style)}; img-src data:; connect-src 'none'; `
    + "form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
  const parts = { policy, style, script };
  const frame = readFileSync(join(here, `static/${name}.html`), 'utf8');
  files[`${name}.html`] = frame.replace(/@(policy|style|script)@/g, (_, part) => parts[part]);
  files[`${name}-policy.txt`] = `${policy}\n`;
}

const bundled = ['@noble/curves', '@noble/hashes', 'uqr'].map((name) => {
  const folder = join(here, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
});
files['LICENSES.txt'] = `booth.js, key.js, check.html and trustee.html contain these libraries (the last, key.js alone):\n\n${bundled.join('\n----\n\n')}`;

mkdirSync(out, { recursive: true });
for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
