/** Messages that are JSON objects: `{"steps": ["…"], "answer": "…"}`, maybe in a Markdown fence. */

/** LaTeX in a JSON string, as models write it: `"\\frac12"` has one backslash too few, and would be a form feed. */
const bareCommand = /(?<!\\)((?:\\\\)*)\\(?=[A-Za-z]{2})(?!u[0-9A-Fa-f]{4})/g;

/** The object's answer as text; `null` if the message is not such an object, which is an outcome, not an error. */
export function answerInMessage(text: string): string | null {
  const parsed = parsedObject(unfenced(text.trim()).replaceAll(bareCommand, '$1\\\\'));
  if (parsed === null || !Array.isArray(parsed.steps)) return null;
  const { answer } = parsed;
  return typeof answer === 'string' || typeof answer === 'number' ? String(answer) : null;
}

function unfenced(text: string): string {
  if (!text.startsWith('```') || !text.endsWith('```')) return text;
  return text.slice(text.indexOf('\n') + 1, -3);
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
