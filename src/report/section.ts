/** A part of the page with a heading of its own, reachable from the navigation. */
import { html } from './html';
import type { Html, HtmlValue } from './html';

export interface PageSection {
  id: string;
  title: string;
  content: HtmlValue[];
}

export function renderSection({ id, title, content }: PageSection): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`;
}

export function navigation(sections: PageSection[]): Html {
  return html`<nav aria-label="Sections">
    ${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}
  </nav>`;
}
