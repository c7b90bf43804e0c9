// Elements made one by one: no markup is ever parsed, as Trusted Types demands.

type Child = Node | string | false | null | undefined;
type Handlers = { [K in 'click' | 'submit' | 'change' | 'input']?: (event: Event) => void };

export interface Attributes {
  class?: string;
  on?: Handlers;
  [attribute: string]: string | number | boolean | undefined | Handlers;
}

/** An element with attributes (true: present; false, undefined: absent), listeners under `on`, and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'object') {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler as EventListener);
    } else if (value !== false && value !== undefined) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Gives an element that is no control the focus, so that it is read out. */
export function focusOn(element: HTMLElement | null): void {
  if (!element) return;
  if (!element.matches('a,button,input,summary')) element.tabIndex = -1;
  element.focus();
}

/** A telephone link. */
export function phoneLink(phone: string): HTMLAnchorElement {
  return el('a', { href: `tel:${phone.replace(/[^+\d]/g, '')}` }, el('b', {}, phone));
}

/**
 * Replaces the children of a place but keeps its heading and its status line where they stay the same: the focus stays
 * on the one, and changes of the other are read out.
 */
export function redraw(place: HTMLElement, page: readonly HTMLElement[]): void {
  const heading = place.querySelector('h1');
  const status = place.querySelector('#status');
  const next = page.map((part) => {
    if (heading && part.tagName === 'H1' && part.textContent === heading.textContent) return heading;
    if (status && part.id === 'status') {
      status.className = part.className;
      if (status.textContent !== part.textContent) status.textContent = part.textContent;
      return status;
    }
    return part;
  });
  for (const old of [...place.childNodes]) if (!next.includes(old as HTMLElement)) old.remove();
  let cursor = place.firstChild;
  for (const part of next) {
    if (part === cursor) cursor = cursor.nextSibling;
    else place.insertBefore(part, cursor);
  }
}
