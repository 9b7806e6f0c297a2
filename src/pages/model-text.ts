/** Texts that models wrote, as they are: shown, never interpreted, and cut if they are too long for a page. */
import { html, type Html } from './html';
import { count } from './numbers';
import { shortened } from '../visible-text';

/** A longer text is cut here, with its rest counted: a runaway response must not make the page unusable. */
const mostCharacters = 8000;

/** @param alreadyOmitted Characters that were left out before. */
export function modelText(text: string, alreadyOmitted = 0): Html {
  const { text: shown, omitted } = shortened(text, mostCharacters);
  const left = omitted + alreadyOmitted;
  const rest = left > 0 && html`<p class="note">${count(left)} more characters are in the transcript.</p>`;
  return html`<pre class="text">${shown === '' ? html`<em>(empty)</em>` : shown}</pre>
    ${rest}`;
}
