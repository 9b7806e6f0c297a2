/**
 * Counts the work of code that reads texts by regular expressions, independent of any clock: each `exec` is also performed
 * by a small backtracking machine that counts its steps, and each search in a string by the characters it passes. The
 * machine must find what the engine finds, so its counts are those of the same search.
 */

type Code =
  | { op: 'char'; test: (char: string) => boolean }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'assert'; holds: (text: string, at: number) => boolean }
  | { op: 'look'; program: Program; negative: boolean }
  | { op: 'match' };

interface Program {
  code: Code[];
  backwards: boolean;
}

const programs = new Map<string, Program>();

/** Steps taken by `work`, and what it returned. */
export function counted<Value>(work: () => Value): { steps: number; value: Value } {
  const native = { exec: RegExp.prototype.exec, indexOf: String.prototype.indexOf };
  const lastIndexOf = String.prototype.lastIndexOf;
  const counter = { steps: 0 };
  const without = <Result>(run: () => Result): Result => {
    RegExp.prototype.exec = native.exec;
    try {
      return run();
    } finally {
      RegExp.prototype.exec = countingExec;
    }
  };
  function countingExec(this: RegExp, text: string): RegExpExecArray | null {
    const from = this.global || this.sticky ? this.lastIndex : 0;
    const found = native.exec.call(this, text);
    without(() => {
      const key = `${this.flags} ${this.source}`;
      const program = programs.get(key) ?? compiled(this.source, this.flags);
      programs.set(key, program);
      const end = search(program, text, { from, sticky: this.sticky, unicode: this.unicode, counter });
      const expected = found === null ? undefined : found.index + found[0].length;
      if (end !== expected) throw new Error(`${String(this)}: the counting machine finds ${end}, not ${expected}`);
    });
    return found;
  }
  RegExp.prototype.exec = countingExec;
  String.prototype.indexOf = function (this: string, sought: string, from = 0) {
    const at = native.indexOf.call(this, sought, from);
    counter.steps += (at < 0 ? this.length : at) - from;
    return at;
  };
  String.prototype.lastIndexOf = function (this: string, sought: string, from = this.length) {
    const at = lastIndexOf.call(this, sought, from);
    counter.steps += from - Math.max(0, at);
    return at;
  };
  try {
    return { value: work(), steps: counter.steps };
  } finally {
    RegExp.prototype.exec = native.exec;
    String.prototype.indexOf = native.indexOf;
    String.prototype.lastIndexOf = lastIndexOf;
  }
}

interface Search {
  from: number;
  sticky: boolean;
  unicode: boolean;
  counter: { steps: number };
}

/** Where the leftmost match ends. */
function search(program: Program, text: string, { from, sticky, unicode, counter }: Search): number | undefined {
  for (let start = from; start <= text.length; start += 1) {
    const end = run(program, text, start, { unicode, counter });
    if (end !== undefined || sticky) return end;
    if (unicode && text.codePointAt(start)! > 0xffff) start += 1;
  }
  return undefined;
}

function run(
  { code, backwards }: Program,
  text: string,
  start: number,
  context: Pick<Search, 'unicode' | 'counter'>,
): number | undefined {
  // Pairs of a place in the code and one in the text.
  const alternatives = [0, start];
  while (alternatives.length > 0) {
    let position = alternatives.pop()!;
    let at = alternatives.pop()!;
    for (;;) {
      context.counter.steps += 1;
      const step = code[at]!;
      if (step.op === 'char') {
        const char = backwards ? charBefore(text, position, context.unicode) : charAt(text, position, context.unicode);
        if (char === undefined || !step.test(char)) break;
        position += backwards ? -char.length : char.length;
        at += 1;
      } else if (step.op === 'split') {
        alternatives.push(step.second, position);
        at = step.first;
      } else if (step.op === 'jump') at = step.to;
      else if (step.op === 'match') return position;
      else if (step.op === 'assert') {
        if (!step.holds(text, position)) break;
        at += 1;
      } else {
        if ((run(step.program, text, position, context) === undefined) !== step.negative) break;
        at += 1;
      }
    }
  }
  return undefined;
}

function charAt(text: string, position: number, unicode: boolean): string | undefined {
  const char = text[position];
  return unicode && char !== undefined && char >= '\ud800' ? String.fromCodePoint(text.codePointAt(position)!) : char;
}

function charBefore(text: string, position: number, unicode: boolean): string | undefined {
  const isPair = unicode && position > 1 && text.codePointAt(position - 2)! > 0xffff;
  return position <= 0 ? undefined : text.slice(position - (isPair ? 2 : 1), position);
}

const isWord = (char: string | undefined) => char !== undefined && /\w/.test(char);

/** A parser for what the patterns of this program use; anything else throws. */
function compiled(source: string, flags: string, backwards = false): Program {
  let at = 0;
  const atomFlags = flags.replace(/[gyd]/g, '');

  function alternation(): Code[] {
    const branches = [sequence()];
    while (source[at] === '|') {
      at += 1;
      branches.push(sequence());
    }
    return branches.reduceRight((rest, branch) => [
      { op: 'split', first: 1, second: branch.length + 2 },
      ...moved(branch, 1),
      { op: 'jump', to: branch.length + 2 + rest.length },
      ...moved(rest, branch.length + 2),
    ]);
  }

  function sequence(): Code[] {
    const items: Code[][] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') items.push(quantified(atom()));
    return concatenated(backwards ? items.reverse() : items);
  }

  function atom(): Code[] {
    const rest = source.slice(at);
    const group = /^\((\?<?[=!]|\?:|\?<\w+>|(?!\?))/.exec(rest);
    if (group !== null) return grouped(group[0]);
    const char = source[at]!;
    if (char === '^') return asserted((_, position) => position === 0, 1);
    if (char === '$') return asserted((text, position) => position === text.length, 1);
    if (rest.startsWith('\\b')) {
      return asserted((text, position) => isWord(text[position - 1]) !== isWord(text[position]), 2);
    }
    const token = /^(?:\[(?:\\[\s\S]|[^\]\\])*\]|\\p\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\[\s\S])/.exec(rest)?.[0];
    const whole = token ?? String.fromCodePoint(rest.codePointAt(0)!);
    at += whole.length;
    const pattern = new RegExp(`^(?:${whole})$`, atomFlags);
    const known = new Map<string, boolean>();
    return [
      {
        op: 'char',
        test: (given) => {
          const answer = known.get(given) ?? pattern.test(given);
          known.set(given, answer);
          return answer;
        },
      },
    ];
  }

  function asserted(holds: (text: string, at: number) => boolean, length: number): Code[] {
    at += length;
    return [{ op: 'assert', holds }];
  }

  function grouped(opening: string): Code[] {
    at += opening.length;
    const isLook = /[=!]$/.test(opening);
    const outer = backwards;
    if (isLook) backwards = opening.includes('<');
    const inner = alternation();
    const program = { code: [...inner, { op: 'match' } as const], backwards };
    backwards = outer;
    at += 1;
    return isLook ? [{ op: 'look', program, negative: opening.endsWith('!') }] : inner;
  }

  function quantified(body: Code[]): Code[] {
    const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/.exec(source.slice(at));
    if (found === null) return body;
    at += found[0].length;
    const [, sign, least, comma, most, lazy] = found;
    const minimum = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
    const maximum =
      sign === undefined
        ? comma === undefined
          ? minimum
          : most
            ? Number(most)
            : Infinity
        : sign === '?'
          ? 1
          : Infinity;
    const isLazy = lazy === '?';
    const parts = Array.from({ length: minimum }, () => body);
    if (maximum === Infinity) parts.push(looped(body, isLazy));
    else if (maximum > minimum) parts.push(optional(body, maximum - minimum, isLazy));
    return concatenated(parts);
  }

  const code = alternation();
  if (at !== source.length) throw new Error(`cannot count the steps of /${source}/`);
  return { code: [...code, { op: 'match' }], backwards };
}

function looped(body: Code[], isLazy: boolean): Code[] {
  const end = body.length + 2;
  return [split(1, end, isLazy), ...moved(body, 1), { op: 'jump', to: 0 }];
}

function optional(body: Code[], times: number, isLazy: boolean): Code[] {
  const end = times * (body.length + 1);
  return Array.from({ length: times }, (_, time): Code[] => {
    const start = time * (body.length + 1);
    return [split(start + 1, end, isLazy), ...moved(body, start + 1)];
  }).flat();
}

function split(into: number, past: number, isLazy: boolean): Code {
  return isLazy ? { op: 'split', first: past, second: into } : { op: 'split', first: into, second: past };
}

function concatenated(parts: Code[][]): Code[] {
  const all: Code[] = [];
  for (const part of parts) all.push(...moved(part, all.length));
  return all;
}

/** Code with its jumps moved. */
function moved(code: Code[], by: number): Code[] {
  return code.map((step) => {
    if (step.op === 'jump') return { ...step, to: step.to + by };
    return step.op === 'split' ? { ...step, first: step.first + by, second: step.second + by } : step;
  });
}
