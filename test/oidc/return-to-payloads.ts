/** Return addresses by which attacks have left, or tried to leave, the origin; and addresses that must be accepted. */
const evil = 'evil.example'

/** By family. `evil.example` is where each of them means to go. */
export const hostile: Readonly<Record<string, readonly string[]>> = {
  'that is absolute': [
    `http://${evil}`, `https://${evil}/`, `HTTPS://${evil}/`, `https:${evil}`, `https:/${evil}`, `https:///${evil}`,
    `https://localhost.${evil}/`, `http://localhost@${evil}/`, `http://localhost:4180@${evil}/`, `http://localhost#@${evil}/`,
    `http://${evil}/?localhost`, `http:\\\\${evil}`, `ftp://${evil}/`, `//${evil}:80/`, 'http://localhost/', 'http://localhost:4180/'
  ],
  'with slashes': [
    `//${evil}`, `//${evil}/`, `///${evil}`, `////${evil}`, `/////${evil}/..`, `//${evil}//`, `//${evil}/%2e%2e`,
    '//', '///', `//${evil}?a`, `//${evil}#a`, `//[::1]/${evil}`, '//2130706433/', '//0x7f.1/', `//user:pass@${evil}/`
  ],
  'with backslashes': [
    `/\\${evil}`, `\\${evil}`, `\\\\${evil}`, `/\\/${evil}`, `\\/${evil}`, `\\/\\/${evil}`, `/\\\\${evil}`, `//\\${evil}`,
    `/a\\..\\\\${evil}`, `/\\@${evil}`, '/a\\b', `/./\\${evil}`, `/%5C\\${evil}`
  ],
  'with control characters': [
    `/\t/${evil}`, `/\n/${evil}`, `/\r/${evil}`, `/\r\n/${evil}`, `\t//${evil}`, `\n//${evil}`, `/\0/${evil}`, `/\v/${evil}`, `/\f/${evil}`,
    `/\x1f/${evil}`, `/\x7f/${evil}`, `/\t\\${evil}`, '/a\r\nLocation: https://evil.example/', '/a\r\nSet-Cookie: a=b', '/a?b\nc', '/a?b\tc', `h\ttps://${evil}`
  ],
  'with white space': [
    ` //${evil}`, `/ /${evil}`, `/  /${evil}`, ` /\\${evil}`, ` https://${evil}`, '/a b', '/a ', ' /a', '/a?b c', `/%20%20/${evil}`, `\u00a0//${evil}`, `\ufeff//${evil}`
  ],
  'encoded once': [
    `/%2F${evil}`, `/%2f%2f${evil}`, `%2f%2f${evil}`, `/%5C${evil}`, `/%5c%5c${evil}`, `/%09/${evil}`, `/%0A/${evil}`, `/%0d/${evil}`, `/%0d%0a/${evil}`,
    `/%00/${evil}`, `/%20/${evil}`, `/%7f/${evil}`, `/a%0d%0aLocation:%20//${evil}`, '/a%5cb', `/%2e%2f${evil}`, `%2F\\${evil}`, `/a%09//${evil}`, `/.%2f${evil}`
  ],
  'encoded twice': [
    `/%252F${evil}`, `/%252f%252f${evil}`, `/%255C${evil}`, `/%255c${evil}`, `/%2509/${evil}`, `/%250a/${evil}`, `/%250d%250a/${evil}`, `/%2500/${evil}`, `/%2520/${evil}`, `/%25%32%66${evil}`, `/%%32%66${evil}`, '/a%255cb'
  ],
  'encoded three times': [
    `/%25252F${evil}`, `/%25252f%25252f${evil}`, `/%25255C${evil}`, `/%25255c${evil}`, `/%252509/${evil}`, `/%25250a/${evil}`, `/%25%25%33%32%66${evil}`, `/%252520/${evil}`
  ],
  'with dots': [
    `/.//${evil}`, `/..//${evil}`, `/../../${evil}/..//${evil}`, `/././/${evil}`, `/./${evil}/..//${evil}`, `/a/..//${evil}`, `/a/../..//${evil}`, `/%2e//${evil}`, `/%2e%2e//${evil}`,
    `/a/%2e%2e//${evil}`, `/a/.%2e//${evil}`, `/a/%252e%252e//${evil}`, `/a/%25252e%25252e//${evil}`, `/./\\/${evil}`, `/..\\/${evil}`, `../${evil}`, `./${evil}`, '..', '.'
  ],
  'with an at sign': [
    `@${evil}`, `//localhost@${evil}`, `/\\localhost@${evil}`, `//@${evil}`, `\\@${evil}`, `http:@${evil}`, `//localhost%40${evil}`, `//a:b@c@${evil}`
  ],
  'in Unicode': [
    `\uff0f\uff0f${evil}`, `\u2215\u2215${evil}`, `\u2044/${evil}`, '//evil\u3002example', `//${evil}\uff0e`, `\\\u2215${evil}`, `h\u217fttp://${evil}`, `\u2028//${evil}`, `\u3000//${evil}`, `\ud800//${evil}`
  ],
  'with the trick of a scheme': [
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)', '\x01javascript:alert(1)', 'javascript://localhost/%0aalert(1)', 'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)', 'blob:http://localhost/x', 'file:///etc/passwd', 'about:blank', `mailto:a@${evil}`, ':80', '://a', `view-source:https://${evil}`, '%6aavascript:alert(1)'
  ],
  'that is no path': ['', 'a', 'a/b', '?a', '#a', '*', '%', '%2f', 'localhost', evil]
}

/** Pages of the application that somebody may well want, however odd they look. */
export const legitimate: readonly string[] = [
  '/', '/a', '/a/', '/a/b/c', '/a//b', '/a/b//', '/a/./b', '/a/../b', '/...', '/.well-known/x', '/a..b', '/~me', '/@me', '/a@b', '/:8080', '/a:b', '/-._~!$&\'()*+,;=:@',
  '/a%20b', '/%61dmin', '/100%25', '/caf%C3%A9', '/caf%E9', '/café', '/日本語/ページ', '/😀', '/a;jsessionid=1', '/a%3Bb', '/a%26b', '/a%23b', '/a%3Fb',
  '/?', '/?a', '/?a=b&c=d', '/a?b?c', '/search?q=a%20b', '/search?q=a+b', '/search?q=%0A', '/search?q=%0d%0a', '/search?q=é', '/search?path=C:\\x', '/search?q=%5C', '/search?q=\\\\host\\share',
  '/go?next=//evil.example', '/go?next=https://evil.example/', '/go?next=/\\evil.example', '/go?a=%252F', '/a?x=%', '/a?x=[1]&y={2}|3', '/a?x="<b>"',
  '/#', '/a#b', '/a#/route?x=1', '/a?b#c', '/a#//evil.example', '/app/#!/x', '/oidc/session', '/http://evil.example/', '/a/https:/b'
]
