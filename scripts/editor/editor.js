// The editor of a rule's file: the form's textarea with completion and the errors of `rules check`, as one writes.
// It stands in a shadow root, where style sheets are adopted: the page's policy allows no style within the document.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentOnInput, indentService, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { placeAt, wordsAt, wordsOf } from "./words.js";

const WAIT_MS = 400;

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: "var(--text-s)", border: "1px solid var(--line-strong)", borderRadius: "var(--round-s)" },
  "&.cm-focused": { outline: "3px solid var(--brand-text)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", minHeight: "18rem", maxHeight: "70vh" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--hover)", color: "var(--soft)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in oklab, var(--brand) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in oklab, var(--brand) 25%, transparent)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "var(--round-s)", maxWidth: "min(34rem, 90vw)" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "var(--space-1) var(--space-2)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--brand)", color: "var(--on-brand)" },
  ".cm-completionInfo": { padding: "var(--space-2) var(--space-3)", whiteSpace: "pre-line", fontFamily: "var(--sans)" },
  ".cm-diagnostic": { padding: "var(--space-2) var(--space-3)", whiteSpace: "pre-line" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "4px solid var(--warn)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "3px" },
});
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--brand-text)", fontWeight: "600" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: [tags.number, tags.bool, tags.keyword, tags.atom], color: "var(--good)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.bracket, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);

/** A new line stands where the words of the one before do, and further in after one that ends with a colon. */
const indented = indentService.of((context, at) => {
  const before = context.lineAt(at, -1).text;
  const column = /^\s*(?:-\s+)*/.exec(before)[0].length;
  return before.trimEnd().endsWith(":") ? column + 2 : column;
});

function start(area) {
  const form = area.form;
  const told = document.getElementById(area.dataset.told);
  const shell = document.createElement("div");
  area.after(shell);
  const root = shell.attachShadow({ mode: "open" });
  let schema = null;
  fetch(area.dataset.words, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : null)).then((found) => { schema = found; }, () => {});

  function complete(context) {
    if (!schema) return null;
    const text = context.state.doc.toString();
    const place = placeAt(text, context.pos);
    const line = context.state.doc.lineAt(context.pos);
    const isDue = /[:{,[-] $/.test(line.text.slice(0, context.pos - line.from));
    if (!place.typed && !context.explicit && !isDue) return null;
    const there = place.path.length ? new Set() : wordsOf(text, context.pos);
    const options = wordsAt(schema, place).filter((each) => !there.has(each.label)).map((each) => ({
      label: each.label, info: each.info || undefined, type: each.key ? "property" : "enum", apply: each.key ? `${each.label}: ` : each.label,
    }));
    return options.length ? { from: context.pos - place.typed.length, options, validFor: /^[\w%-]*$/ } : null;
  }

  async function check(view) {
    const text = view.state.doc.toString();
    const sent = new URLSearchParams({ text });
    let found;
    try {
      const answer = await fetch(area.dataset.check, { method: "POST", body: sent, headers: { "X-CSRF-Token": form.elements.csrf.value, Accept: "application/json" } });
      if (!answer.ok) return [];
      found = await answer.json();
    } catch { return []; }
    if (view.state.doc.toString() === text) tell(found);
    return found.problems.filter((each) => each.file === found.file).map((each) => placed(view.state.doc, each));
  }

  function tell(found) {
    told.replaceChildren(...found.problems.map((each) => {
      const line = document.createElement("li");
      line.className = each.severity === "error" ? "bad" : "";
      line.textContent = `${each.file === found.file ? "" : `${each.file}:`}${each.line}:${each.column} ${each.message}${each.hint ? `. ${each.hint}` : ""}`;
      return line;
    }));
    const sentence = document.getElementById(area.dataset.sentence);
    sentence.textContent = found.sentence;
  }

  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        indentUnit.of("  "), indented, yaml(), syntaxHighlighting(colours), autocompletion({ override: [complete] }), linter(check, { delay: WAIT_MS }), lintGutter(),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]), // Tab goes on to what is next
        EditorView.contentAttributes.of({ "aria-label": area.labels[0]?.textContent ?? "", spellcheck: "false", tabindex: "0" }),
        EditorView.updateListener.of((update) => { if (update.docChanged) area.value = update.state.doc.toString(); }),
        look,
      ],
    }),
  });
  area.hidden = true;
  area.labels[0]?.addEventListener("click", () => view.focus());
}

/** Lines and columns of the server count characters, those of the editor what UTF-16 makes of them. */
function placed(doc, problem) {
  const line = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
  const characters = [...line.text];
  const before = characters.slice(0, problem.column - 1).join("").length;
  const under = characters.slice(problem.column - 1, problem.column - 1 + problem.length).join("").length;
  const from = line.from + Math.min(before, line.length);
  return { from, to: Math.min(line.to, from + Math.max(under, 1)), severity: problem.severity, message: problem.hint ? `${problem.message}\n${problem.hint}` : problem.message };
}

document.querySelectorAll("textarea[data-words]").forEach(start);
