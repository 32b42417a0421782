import fc from 'fast-check'
import { test } from 'tap'
import { html } from '../../src/pages/html.ts'

test('a text is escaped for an element and for a quoted attribute', async (t) => {
  const text = '<b title="x">Tom & Jerry\'s `b`</b>'
  t.equal(html`<p title="${text}">${text}</p>`.toString(),
    '<p title="&lt;b title=&quot;x&quot;&gt;Tom &amp; Jerry&#39;s &#96;b&#96;&lt;/b&gt;">&lt;b title=&quot;x&quot;&gt;Tom &amp; Jerry&#39;s &#96;b&#96;&lt;/b&gt;</p>')
})

test('what is escaped already is escaped again, so that a reader sees what was sent', async (t) => {
  t.equal(html`${'&lt;'}`.toString(), '&amp;lt;')
})

test('markup and lists of markup are taken over, undefined is nothing', async (t) => {
  const item = (text: string) => html`<li>${text}</li>`
  t.equal(html`<ul>${['a', '<b>'].map(item)}</ul>${undefined}${html`<hr>`}`.toString(), '<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>')
})

test('controls, marks that turn the direction, and halves of a character are replaced; lines and tabs stay', async (t) => {
  t.equal(html`${'a\u0000b\u001Bc\u0085d\u202Ee\u2066f\uD800g\r\n\th'}`.toString(), 'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg\uFFFD\n\th')
  t.equal(html`${'Zoë 李 🚪'}`.toString(), 'Zoë 李 🚪', 'every other character stays')
})

test('no text brings a character that markup is made of', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"'`]|&(?!(amp|lt|gt|quot|#39|#96);)/.test(html`${text}`.toString())))
})
