// SPDX-License-Identifier: Apache-2.0
//
// Holds answers of the API against its description in OpenAPI 3.1: is there such an operation, may
// it answer so, and is the body as its schema says, with no member that the schema does not name?

import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'];

const HERE = 'https://phien/description';

// A schema is open to more members, so that others can be built on it with allOf. Where it is used
// it is closed: what we answer with must be described.
function close(node, isPartOfAllOf) {
  if (Array.isArray(node)) {
    return node.map((item) => close(item, isPartOfAllOf));
  }
  if (node === null || typeof node !== 'object') {
    return node;
  }
  const closed = Object.fromEntries(Object.entries(node)
    .map(([key, value]) => [key, close(value, key === 'allOf')]));
  const isObject = '$ref' in node || 'allOf' in node ||
    ('properties' in node && node.type === 'object');
  if (isObject && !isPartOfAllOf && !('additionalProperties' in node)) {
    closed.unevaluatedProperties = false;
  }
  return closed;
}

// The components themselves stay open: they are closed where they are used.
function closeComponents(schemas) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => {
    const { unevaluatedProperties, ...closed } = close(schema, true);
    return [name, closed];
  }));
}

function templateToPattern(template) {
  const escaped = template.replace(/[.:]/g, '\\$&').replace(/\{[^}]+\}/g, '([^/]+)');
  return new RegExp(`^${escaped}$`);
}

function mediaType(header) {
  return header?.split(';')[0].trim() ?? null;
}

export class Description {
  constructor(text) {
    this.document = parse(text);
    this.problems = [];
    this.seen = new Map(); // "GET /path/{x}" → the statuses that were answered
    this.operations = Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => ({
        ...item[method],
        id: `${method.toUpperCase()} ${path}`,
        path,
        pattern: templateToPattern(path),
        method: method.toUpperCase(),
        parameters: [...item.parameters ?? [], ...item[method].parameters ?? []]
          .map((one) => this.resolve(one)),
      })));
    this.ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    this.validators = new Map(); // schema → function
    this.named = {};
    this.ajv.addSchema({
      $id: HERE,
      components: { schemas: closeComponents(this.document.components.schemas) },
    });
  }

  resolve(node) {
    if (!node?.$ref) {
      return node;
    }
    const found = node.$ref.slice(2).split('/')
      .reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], this.document);
    if (found === undefined) {
      throw new Error(`nothing is at ${node.$ref}`);
    }
    return found;
  }

  // What is wrong with `value`; null if it is as `schema` says.
  explain(schema, value) {
    if (!this.validators.has(schema)) {
      this.validators.set(schema, this.#compile(schema));
    }
    const validate = this.validators.get(schema);
    return validate(value) ? null : this.ajv.errorsText(validate.errors, { separator: '; ' });
  }

  #compile(schema) {
    const text = JSON.stringify(close(schema, false));
    return this.ajv.compile(JSON.parse(text.replaceAll('"#/', `"${HERE}#/`)));
  }

  // The same of a component by its name.
  explainAs(name, value) {
    this.named[name] ??= { $ref: `#/components/schemas/${name}` };
    return this.explain(this.named[name], value);
  }

  find(method, pathname) {
    const wanted = method === 'HEAD' ? 'GET' : method;
    return this.operations.find((one) => one.method === wanted && one.pattern.test(pathname));
  }

  isKnown(pathname) {
    return this.operations.some(({ pattern }) => pattern.test(pathname));
  }

  // Takes a request and its answer, and keeps what is wrong with them.
  take({ method, pathname, sent, status, headers, body }) {
    const say = (what) => this.problems.push(`${method} ${pathname}: ${status}: ${what}`);
    const operation = this.find(method, pathname);
    if (operation) {
      this.#note(operation.id, status);
      this.#checkAnswer(operation, { method, status, headers, body }, say);
      if (status < 300 && sent !== undefined) {
        this.#checkSent(operation, sent, say);
      }
    } else if (!(status === 405 || (status === 204 && method === 'OPTIONS')) &&
      this.isKnown(pathname)) {
      say('the path is described without this method');
    }
  }

  #note(id, status) {
    this.seen.set(id, (this.seen.get(id) ?? new Set()).add(status));
  }

  #checkSent(operation, sent, say) {
    const content = operation.requestBody?.content?.['application/json'];
    const why = content && this.explain(content.schema, sent);
    if (why) {
      say(`was taken, though the schema refuses it: ${why}`);
    }
  }

  #checkAnswer(operation, { method, status, headers, body }, say) {
    const response = this.resolve(operation.responses[status]);
    if (!response) {
      say(`only ${Object.keys(operation.responses)} are described`);
      return;
    }
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      const value = headers[name.toLowerCase()];
      const why = value === undefined ? 'is missing'
        : this.explain(this.resolve(header).schema, value);
      if (why) {
        say(`${name} ${why}`);
      }
    }
    if (method !== 'HEAD') {
      this.#checkBody(response, headers, body, say);
    }
  }

  #checkBody({ content }, headers, body, say) {
    const type = mediaType(headers['content-type']);
    if (!content) {
      if (body.length > 0) {
        say(`has a body that is not described: ${body}`);
      }
    } else if (!(type in content)) {
      say(`is ${type}, not ${Object.keys(content)}`);
    } else if (/json$/.test(type)) {
      const why = this.explain(content[type].schema, JSON.parse(body.toString('utf8')));
      if (why) {
        say(`${why}; it is ${body}`);
      }
    }
  }

  get unseen() {
    return this.operations.filter(({ id }) => !this.seen.has(id)).map(({ id }) => id);
  }

  // "PUT /path 409" for all that is described and was never answered.
  get unseenStatuses() {
    return this.operations.flatMap(({ id, responses }) => Object.keys(responses)
      .filter((status) => !this.seen.get(id)?.has(Number(status)))
      .map((status) => `${id} ${status}`));
  }

  // What is wrong with the description itself.
  checkItself() {
    const problems = [];
    const say = (what) => problems.push(what);
    this.#checkReferences(this.document, say);
    const ids = this.operations.map(({ operationId }) => operationId);
    if (new Set(ids).size !== ids.length || ids.includes(undefined)) {
      say(`operationIds: ${ids}`);
    }
    for (const operation of this.operations) {
      const inPath = [...operation.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name).sort();
      const described = operation.parameters.filter((one) => one.in === 'path')
        .map(({ name }) => name).sort();
      if (inPath.join() !== described.join()) {
        say(`${operation.id}: parameters ${described}`);
      }
      const bodies = [operation.requestBody, ...Object.values(operation.responses)]
        .map((one) => this.resolve(one)?.content ?? {});
      bodies.forEach((content) => this.#checkExamples(operation.id, content, say));
    }
    return problems;
  }

  #checkReferences(node, say) {
    if (node === null || typeof node !== 'object') {
      return;
    }
    if (typeof node.$ref === 'string') {
      try {
        this.resolve(node);
      } catch (error) {
        say(error.message);
      }
    }
    Object.values(node).forEach((child) => this.#checkReferences(child, say));
  }

  #checkExamples(id, content, say) {
    for (const [type, { schema, example, examples = {} }] of Object.entries(content)) {
      const values = [example, ...Object.values(examples).map(({ value }) => value)]
        .filter((value) => value !== undefined);
      for (const value of values) {
        const why = this.explain(schema, value);
        if (why) {
          say(`${id}: the example of ${type}: ${why}`);
        }
      }
    }
  }
}
