// What may stand at a place of a rule's file, by the JSON Schema that `stamgast rules schema` prints.
// The file is half written while somebody writes: places are told from its lines, not from a tree that would have to be whole.

const KEY = /^(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*:(?:\s|$)/;
const WORD = /[\w%-]*$/;

/** Where the cursor is: the words above it (numbers stand for items of lists), whether a value is due, and what is typed. */
export function placeAt(text, at) {
  const lines = text.slice(0, at).split("\n");
  const last = lines.pop();
  const stack = [];
  for (const line of lines) {
    const plain = withoutComment(line);
    if (plain.trim()) open(stack, plain);
  }
  return within(stack, withoutComment(last));
}

function withoutComment(line) {
  const found = /(^|\s)#/.exec(line.replace(/"[^"]*"|'[^']*'/g, (quoted) => "_".repeat(quoted.length)));
  return found ? line.slice(0, found.index) : line;
}

/** Take a whole line in: what it opens stands on the stack, with its column. */
function open(stack, line) {
  let { column, rest } = items(stack, line);
  const key = KEY.exec(rest);
  if (!key) return rest;
  while (stack.length && stack.at(-1).column >= column) stack.pop();
  stack.push({ column, key: key[1] ?? key[2] ?? key[3] });
  return rest.slice(key[0].length).trim();
}

function items(stack, line) {
  let column = line.search(/\S|$/);
  let rest = line.slice(column);
  while (/^-(\s|$)/.test(rest)) {
    while (stack.length && (stack.at(-1).column > column || (stack.at(-1).column === column && stack.at(-1).item))) stack.pop();
    stack.push({ column, item: true });
    const after = rest.slice(1).search(/\S|$/) + 1;
    column += after;
    rest = rest.slice(after);
  }
  return { column, rest };
}

function within(stack, line) {
  let { column, rest } = items(stack, line);
  const key = KEY.exec(rest);
  const typed = WORD.exec(line)[0];
  while (stack.length && stack.at(-1).column >= column && !(stack.at(-1).item && stack.at(-1).column < column)) stack.pop();
  const path = stack.map((each) => (each.item ? 0 : each.key));
  if (!key) {
    const flow = inFlow(rest);
    return flow ? { path: [...path, ...flow.path], value: flow.value, key: flow.key, typed } : { path, value: Boolean(stack.at(-1)?.item), key: true, typed };
  }
  path.push(key[1] ?? key[2] ?? key[3]);
  const flow = inFlow(rest.slice(key[0].length));
  if (flow) return { path: [...path, ...flow.path], value: flow.value, key: flow.key, typed };
  return { path, value: true, key: false, typed };
}

/** The same within `{…}` and `[…]` of a line; null outside of them. */
function inFlow(text) {
  const open = [];
  let word = "";
  for (const char of text) {
    if (char === "{" || char === "[") { open.push({ list: char === "[", key: null }); word = ""; }
    else if (char === "}" || char === "]") { open.pop(); word = ""; }
    else if (char === ":" && open.length && !open.at(-1).list) { open.at(-1).key = word.trim().replace(/^["']|["']$/g, ""); word = ""; }
    else if (char === "," && open.length) { if (!open.at(-1).list) open.at(-1).key = null; word = ""; }
    else word += char;
  }
  if (!open.length) return null;
  const path = [];
  for (const each of open) {
    if (each.list) path.push(0);
    else if (each.key !== null) path.push(each.key);
  }
  const now = open.at(-1);
  return { path, value: now.list || now.key !== null, key: now.list || now.key === null };
}

/** The words that a file has at its left edge, without those of the line where the cursor is. */
export function wordsOf(text, at) {
  const before = text.slice(0, at).split("\n").length - 1;
  const keys = text.split("\n").map((line, number) => (number === before ? null : KEY.exec(line)));
  return new Set(keys.filter(Boolean).map((key) => key[1] ?? key[2] ?? key[3]));
}

/** What the schema allows there: `[{label, info, key}]`. */
export function wordsAt(schema, place) {
  let here = alternatives(schema, schema);
  for (const step of place.path) here = here.flatMap((each) => stepInto(schema, each, step));
  const found = new Map();
  const add = (label, more) => { if (!found.has(label)) found.set(label, { label, ...more }); };
  for (const each of here) {
    if (place.key) {
      for (const [name, its] of Object.entries(each.properties ?? {})) add(name, { key: true, info: its.description ?? "" });
      for (const name of each["x-keys"] ?? []) add(name, { key: true, info: "" });
    }
    if (place.value) for (const value of valuesOf(each)) add(String(value), { key: false, info: each.description ?? "" });
  }
  return [...found.values()];
}

function stepInto(schema, here, step) {
  if (step === 0) return here.items ? alternatives(schema, here.items) : [];
  const next = here.properties?.[step] ?? (typeof here.additionalProperties === "object" ? here.additionalProperties : null);
  return next ? alternatives(schema, next) : [];
}

function alternatives(root, schema) {
  if (schema.$ref) return alternatives(root, schema.$ref.split("/").slice(1).reduce((at, name) => at[name], root));
  const beside = schema.anyOf ?? schema.oneOf;
  return beside ? beside.flatMap((each) => alternatives(root, each)).map((each) => ({ description: schema.description, ...each })) : [schema];
}

function valuesOf(schema) {
  if (schema.enum) return schema.enum;
  if ("const" in schema) return [schema.const];
  if (schema.type === "boolean") return [true, false];
  const choices = /^\^\(([^()]*)\)\$$/.exec(schema.pattern ?? "");
  const named = choices ? choices[1].split("|").map((each) => each.replace("[0-9]{1,3}", "5")).filter((each) => /^[\w %-]+$/.test(each)) : [];
  return [...(schema["x-names"] ?? []), ...named];
}
