// SPDX-License-Identifier: Apache-2.0
//
// Bundles the pages with esbuild and writes them into one C file, raw and gzipped, as the table
// that assets.c looks names up in. CMake runs it:
//
//     node build.mjs --source src/web --modules BUILD/node_modules --out BUILD/table.c

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.yaml': 'application/yaml',
};

// Phones that are eight years old still watch. Newer syntax is rewritten for them.
const TARGETS = ['es2018', 'chrome64', 'firefox67', 'safari12'];

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

// Builds one entry point into one file with the hash of its content in its name, unless others
// name it in their pages. (esbuild's own hash knows the build directory's path and so differs from
// machine to machine.)
function bundle(esbuild, { source, modules, entry, name, define, isImmutable = true }) {
  const { outputFiles } = esbuild.buildSync({
    absWorkingDir: source,
    entryPoints: { [name]: entry },
    outdir: '/assets',
    bundle: true,
    format: 'esm',
    minify: true,
    target: TARGETS,
    // Safari before 14.1 errs in rare destructuring; hls.js ships it all the same.
    supported: { destructuring: true },
    nodePaths: [modules],
    define,
    external: ['/assets/*'],
    loader: { '.svg': 'dataurl' },
    legalComments: 'eof',
    write: false,
  });
  const [{ path, contents }] = outputFiles;
  const data = Buffer.from(contents);
  const suffix = isImmutable ? `-${hash(data)}` : '';
  return { name: `${name}${suffix}${extname(path)}`, data, isImmutable };
}

// The style sheet of what is drawn over videos, which its script carries along.
function readOverlayStyle(esbuild, source) {
  const css = readFileSync(join(source, 'overlay/overlay.css'), 'utf8');
  return esbuild.transformSync(css, { loader: 'css', minify: true, target: TARGETS }).code.trim();
}

// hls.js is a file of its own: the page shows itself before it has come, and browsers keep it
// when only the page has changed.
function bundleAll({ source, modules }) {
  // The modules lie in the build directory, where no import from the source tree finds them.
  const esbuild = createRequire(join(modules, 'x.js'))('esbuild');
  const overlayStyle = readOverlayStyle(esbuild, source);
  const build = (entry, name, { defines = {}, isImmutable } = {}) => {
    const define = Object.fromEntries(Object.entries(defines)
      .map(([key, value]) => [key, JSON.stringify(value)]));
    return bundle(esbuild, { source, modules, entry, name, define, isImmutable });
  };
  const player = build('watch/hls.js', 'hls');
  const script = build('watch/main.js', 'watch',
    { defines: { HLS_URL: `/assets/${player.name}`, OVERLAY_STYLE: overlayStyle } });
  const style = build('watch/watch.css', 'watch');
  const overlay = build('overlay/phien-overlay.js', 'phien-overlay',
    { defines: { OVERLAY_STYLE: overlayStyle }, isImmutable: false });
  const studioScript = build('studio/main.js', 'studio');
  const studioStyle = build('studio/studio.css', 'studio');
  return { files: { player, script, style, overlay, studioScript, studioStyle }, overlayStyle };
}

// For a content security policy: this style sheet, and no other, may be written into the page.
function formatSource(style) {
  return `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
}

function fillPage(source, path, blanks) {
  const html = readFileSync(join(source, path), 'utf8')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\{\{(\w+)\}\}/g, (whole, key) => {
      if (!(key in blanks)) {
        throw new Error(`${whole} is not known`);
      }
      return blanks[key];
    })
    .replace(/\n\s*/g, '\n')
    .trim();
  return { name: basename(path), data: Buffer.from(`${html}\n`), isImmutable: false };
}

function formatBytes(bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 32) {
    lines.push(`    ${Array.from(bytes.subarray(i, i + 32)).join(',')},`);
  }
  return lines.join('\n');
}

function formatEtag(bytes) {
  return `"\\"${hash(bytes)}\\""`;
}

function formatAsset({ name, data, isImmutable }, index) {
  const zipped = gzipSync(data, { level: 9 });
  const gzip = zipped.length < data.length ? zipped : null;
  const arrays = [`static const uint8_t data_${index}[] = {\n${formatBytes(data)}\n};\n`];
  const rows = [
    `.name = "${name}"`,
    `.content_type = "${CONTENT_TYPES[extname(name)]}"`,
    `.etag = ${formatEtag(data)}`,
    `.data = data_${index}`,
    `.len = ${data.length}`,
    `.is_immutable = ${isImmutable}`,
  ];
  if (gzip) {
    arrays.push(`static const uint8_t gzip_${index}[] = {\n${formatBytes(gzip)}\n};\n`);
    rows.push(`.gzip_etag = ${formatEtag(gzip)}`, `.gzip = gzip_${index}`,
      `.gzip_len = ${gzip.length}`);
  }
  const sizes = `${String(data.length).padStart(8)} ${String(zipped.length).padStart(8)}`;
  console.log(`${sizes}  ${name}`);
  return { arrays: arrays.join(''), row: `    {\n        ${rows.join(',\n        ')},\n    },` };
}

function formatTable(assets) {
  const parts = assets.map(formatAsset);
  return [
    '/* Generated by build.mjs. */\n#include "table.h"\n',
    ...parts.map(({ arrays }) => arrays),
    `const struct ph_asset ph_asset_table[] = {\n${parts.map(({ row }) => row).join('\n')}\n};\n`,
    `const size_t ph_asset_table_count = ${assets.length};\n`,
  ].join('\n');
}

const { values } = parseArgs({
  options: {
    source: { type: 'string' },
    modules: { type: 'string' },
    out: { type: 'string' },
  },
});
const source = resolve(values.source);
const { files, overlayStyle } = bundleAll({ source, modules: resolve(values.modules) });
const urls = Object.entries(files).map(([key, { name }]) => [key, `/assets/${name}`]);
const blanks = { ...Object.fromEntries(urls), overlayStyle: formatSource(overlayStyle) };
const pages = ['watch/watch.html', 'studio/studio.html']
  .map((path) => fillPage(source, path, blanks));
const description = {
  name: 'openapi.yaml',
  data: readFileSync(join(source, 'api/openapi.yaml')),
  isImmutable: false,
};
console.log('     raw  gzip -9');
writeFileSync(values.out, formatTable([...pages, description, ...Object.values(files)]));
