/**
 * The points of the signed-in customer, asked of the app through the shop's own domain, and a
 * form to redeem them.
 *
 * All texts come from the block, in the shop's language. Every answer fits into the space that
 * the stylesheet keeps, so nothing moves when it arrives.
 */
class BazgashtPoints extends HTMLElement {
  #pending = null;

  async connectedCallback() {
    this.querySelector('form')?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#redeem(event.target);
    });
    try {
      await this.#load();
    } catch {
      this.#say(this.dataset.unavailable);
    } finally {
      this.removeAttribute('aria-busy');
    }
  }

  async #load() {
    const answer = await this.#ask('points');
    if (!answer.ok) throw new Error(`The app answered ${answer.status}`);
    this.#show(answer.said);
    this.querySelector('.bazgasht-points__codes')?.replaceChildren(
      ...(answer.said.open ?? []).map((one) => this.#reward(one, 'li')),
    );
  }

  async #ask(path, method = 'GET') {
    const post = method === 'POST' ? { 'Content-Type': 'application/json' } : {};
    const response = await fetch(`${this.dataset.url}/${path}`, {
      method,
      body: method === 'POST' ? '{}' : undefined,
      cache: 'no-store',
      headers: { Accept: 'application/json', ...post },
      signal: AbortSignal.timeout(method === 'POST' ? 25000 : 10000),
    });
    const said = await response.json();
    return { ok: response.ok, status: response.status, said };
  }

  #show({ signed_in: signedIn, points, pending, next_expiry: expiry, value, tier, redeem, open }) {
    if (signedIn === false) {
      this.#invite();
    } else if (points === null) {
      this.#say(this.dataset.paused);
    } else if (Number.isSafeInteger(points)) {
      this.#say(this.#balance(points));
      this.#list([
        value && this.#fill(this.dataset.value, this.#money(value)),
        pending > 0 && this.#fill(this.dataset.pending, this.#number(pending)),
        expiry && this.#expiry(expiry),
        tier && this.#fill(this.dataset.tier, this.#tier(tier)),
      ]);
      this.#offer(redeem, open ?? []);
    } else {
      throw new TypeError('The app answered without points');
    }
  }

  #say(text) {
    this.querySelector('.bazgasht-points__balance').textContent = text;
  }

  #invite() {
    const link = document.createElement('a');
    link.href = this.dataset.signInUrl;
    link.textContent = this.dataset.signIn;
    this.querySelector('.bazgasht-points__balance').replaceChildren(link);
  }

  #list(texts) {
    const told = texts.filter(Boolean);
    this.querySelectorAll('.bazgasht-points__facts > li').forEach((item, place) => {
      item.textContent = told[place] ?? '';
    });
  }

  #offer(redeem, open) {
    const part = this.querySelector('.bazgasht-points__redeem');
    if (!part) return;
    part.classList.toggle('bazgasht-points__redeem--ready', Boolean(redeem) || open.length > 0);
    const form = part.querySelector('form');
    const isPossible = Boolean(redeem) && redeem.most >= redeem.least;
    form.hidden = !isPossible;
    if (isPossible) {
      const input = form.elements.points;
      Object.assign(input, { min: redeem.least, max: redeem.most, step: redeem.step });
      if (!input.value || Number(input.value) > redeem.most) input.value = redeem.most;
    } else if (redeem && !this.#message().hasChildNodes()) {
      this.#message().textContent = this.#fill(this.dataset.least, this.#number(redeem.least));
    }
  }

  /** A request whose answer was lost is sent again under the same name: it redeems nothing twice. */
  async #redeem(form) {
    const points = form.elements.points.value;
    if (this.#pending?.points !== points) this.#pending = { points, key: crypto.randomUUID() };
    const { key } = this.#pending;
    const button = form.querySelector('button');
    button.disabled = true;
    this.#keep();
    this.setAttribute('aria-busy', 'true');
    try {
      const query = new URLSearchParams({ points, key, lang: this.dataset.language });
      const answer = await this.#ask(`redeem?${query}`, 'POST');
      if (answer.status < 500 && answer.status !== 429) this.#pending = null;
      await this.#tell(answer);
    } catch {
      this.#message().textContent = this.dataset.failed;
    } finally {
      button.disabled = false;
      this.removeAttribute('aria-busy');
    }
  }

  /** What was redeemed before stays to be seen, whatever is said next. */
  #keep() {
    const earlier = this.#message().querySelector('.bazgasht-points__code');
    if (!earlier) return;
    const item = document.createElement('li');
    item.append(earlier);
    this.querySelector('.bazgasht-points__codes').prepend(item);
  }

  async #tell({ ok, said }) {
    if (!ok) {
      this.#message().textContent = said.error?.message ?? this.dataset.failed;
      return;
    }
    this.#message().replaceChildren(this.#reward(said.redemption, 'span'));
    try {
      this.#show((await this.#ask('points')).said);
    } catch {
      // What was redeemed is shown; the balance is right again when the page is next opened.
    }
  }

  #message() {
    return this.querySelector('.bazgasht-points__message');
  }

  #reward(reward, tag) {
    const item = document.createElement(tag);
    item.className = 'bazgasht-points__code';
    const texts = [this.#money(reward.worth)];
    if (reward.code) item.append(this.#code(reward.code));
    else texts.push(reward.state === 'reserved' ? this.dataset.making : this.dataset.credit);
    if (reward.minimum) texts.push(this.#fill(this.dataset.minimum, this.#money(reward.minimum)));
    texts.push(this.dataset.until.replace('#', () => this.#day(reward.expires_at)));
    item.append(...texts.map((text) => this.#element('span', text)));
    if (reward.code) item.append(...this.#buttons(reward.code));
    return item;
  }

  #code(code) {
    const shown = this.#element('code', code);
    shown.dir = 'ltr';
    return shown;
  }

  #buttons(code) {
    const link = this.#element('a', this.dataset.use);
    link.href = `/discount/${encodeURIComponent(code)}?redirect=/cart`;
    if (!navigator.clipboard) return [link];
    const button = this.#element('button', this.dataset.copy);
    button.type = 'button';
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code);
      button.textContent = this.dataset.copied;
    });
    return [button, link];
  }

  #element(tag, text) {
    return Object.assign(document.createElement(tag), { textContent: text });
  }

  #fill(text, value) {
    return text.replace('%', () => value);
  }

  #expiry({ on, points }) {
    const text = this.#fill(this.dataset.expiry, this.#number(points));
    return text.replace('#', () => this.#day(`${on}T12:00:00Z`));
  }

  #balance(points) {
    const isOne = new Intl.PluralRules(this.dataset.language).select(points) === 'one';
    return this.#fill(isOne ? this.dataset.one : this.dataset.other, this.#number(points));
  }

  /** That of a tier's two names which is in the page's script. */
  #tier({ name, second_name: second }) {
    const isPersian = this.dataset.language === 'fa';
    return [name, second].find((one) => one && /\p{Script=Arabic}/u.test(one) === isPersian) ?? name;
  }

  #number(number) {
    return new Intl.NumberFormat(this.dataset.language).format(number);
  }

  #money({ amount, currency }) {
    const style = { style: 'currency', currency };
    return new Intl.NumberFormat(this.dataset.language, style).format(amount);
  }

  #day(moment) {
    const style = { dateStyle: 'medium', timeZone: 'UTC' };
    return new Intl.DateTimeFormat(this.dataset.language, style).format(new Date(moment));
  }
}

if (!customElements.get('bazgasht-points')) {
  customElements.define('bazgasht-points', BazgashtPoints);
}
