/**
 * The balance of the signed-in customer, asked of the app through the shop's own domain.
 *
 * All texts come from the block's attributes, in the shop's language. Every text fits into the
 * space that the stylesheet keeps, so nothing moves when the answer arrives.
 */
class BazgashtPoints extends HTMLElement {
  async connectedCallback() {
    try {
      this.#show(await this.#ask());
    } catch {
      this.textContent = this.dataset.unavailable;
    } finally {
      this.removeAttribute('aria-busy');
    }
  }

  async #ask() {
    const response = await fetch(this.dataset.url, {
      cache: 'no-store',
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(10000),
    });
    if (!response.ok) throw new Error(`The app answered ${response.status}`);
    return response.json();
  }

  #show({ signed_in: signedIn, points }) {
    if (signedIn === false) {
      this.#invite();
    } else if (points === null) {
      this.textContent = this.dataset.paused;
    } else if (Number.isSafeInteger(points)) {
      this.textContent = this.#balance(points);
    } else {
      throw new TypeError('The app answered without points');
    }
  }

  #balance(points) {
    const { language, one, other } = this.dataset;
    const isOne = new Intl.PluralRules(language).select(points) === 'one';
    const number = new Intl.NumberFormat(language).format(points);
    return (isOne ? one : other).replace('%', () => number);
  }

  #invite() {
    const link = document.createElement('a');
    link.href = this.dataset.signInUrl;
    link.textContent = this.dataset.signIn;
    this.replaceChildren(link);
  }
}

if (!customElements.get('bazgasht-points')) {
  customElements.define('bazgasht-points', BazgashtPoints);
}
