/** Texts a model, a file or a user could put anywhere; shown as text everywhere or the report is a hole. */
export const hostileTexts = {
  script: '<script>document.title = "owned"</script>',
  image: '<img src="https://example.org/x.png" onerror="document.title=\'owned\'">',
  closing: '</pre></details></style></title><h1>broken out</h1>',
  attribute: '" onmouseover="document.title=\'owned\'" x="',
  entity: '&lt;b&gt; &amp;amp; &#x3c;i&#x3e;',
  ansi: '\u001b[2J\u001b[31mred\u001b[0m\u0007',
  control: 'null\u0000 back\u0008 delete\u007f c1\u009b31m',
  bidirectional: 'abc\u202edef\u2066ghi',
  surrogate: 'lone \ud800 surrogate',
  template: '${process.exit()} {{constructor}} <%= 1 %>',
} as const;

/** All of them in one line of text. */
export const hostileLine = Object.values(hostileTexts).join(' ');
