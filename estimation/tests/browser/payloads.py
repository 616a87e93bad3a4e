"""Texts that would run a script, or become a piece of the page, where a page takes them for more than text.

Each calls `p`, which the tests listen to, or makes an element that no page here has. After OWASP's cheat sheet on
evading filters (https://cheatsheetseries.owasp.org/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.html) and the mutations
that sanitisers have fallen for.
"""

# Of at most 30 characters: a tag of two stands before each, and nicknames have 32.
SHORT = (
    "<script>p()</script>",
    "<img src=x onerror=p()>",
    '"><svg onload=p()>',
    "'><img src=x onerror=p()>",
    '" autofocus onfocus=p() x="',
    "</title><script>p()</script>",
    "</textarea><xss>",
    "</script><script>p()</script>",
    "javascript:p()",
    "{{7*7}}${7*7}#{7*7}{% now 1 %}",
    "';p();//\\';p();//",
    "\\u003cimg src=x onerror=p()>",
    "&lt;img src=x onerror=p()&gt;",
    "%3Cscript%3Ep()%3C/script%3E",
    "＜script＞p()＜/script＞",
    "\u2028<script>p()</script>\u202e",
    "<!--<img title='--><xss>'>",
    "<style>@import'//x.test'",
    "<a href=javascript:p()>x</a>",
    "`${p()}`<xss a=`",
)

# Without a limit that matters.
LONG = (
    "<svg><style><img src=x onerror=p()></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=p()&gt;">',
    "<details open ontoggle=p()><iframe srcdoc='<script>parent.p()</script>'></details>",
    "<form><button formaction=javascript:p()>x</button></form><object data=javascript:p()></object>",
    "<noscript><p title='</noscript><img src=x onerror=p()>'></noscript><base href=//x.test/>",
    "<meta http-equiv=refresh content='0;url=javascript:p()'><link rel=stylesheet href=//x.test/x.css>",
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=p() )//%0D%0A//</stYle/</titLe/</teXtarEa/</scRipt/--!>"
    "\\x3csVg/<sVg/oNloAd=p()//>\\x3e",
)

# What may stand on a card: eight characters without a space.
TINY = (
    "<xss>",
    '"><xss>',
    "'><xss>",
    "{{7*7}}",
    "<!--",
    "&lt;xss",
    "</xss>",
    "%3Cxss",
    "<script",
    "${7*7}",
    "]]>",
    "<b",
)

# What the forms take for a link.
LINKS = (
    "https://x.test/'onmouseover='p()",
    "https://x.test/?a=javascript:p()&b=&quot;onmouseover=p()",
    "https://javascript:p()@x.test/",
    "https://x.test/#{{7*7}}`${p()}`",
)

# What the forms take for an e-mail address.
EMAIL = '"<img/src=x/onerror=p()>"@x.test'

# As the description of an issue, where Markdown is read.
MARKDOWN = """
[one](javascript:p()) ![two](javascript:p()) <javascript:p()> [three](data:text/html,<script>p()</script>)
[four](https://x.test/ "onmouseover=p() x=") ![five](https://x.test/x.png "\\" onerror=\\"p()")
[six](JaVaScRiPt:p()) [seven](java&#115;cript:p()) [eight](&#x6A;avascript:p()) [nine](vbscript:p())
[ten](<javascript:p()>) [eleven][ref] [twelve](//x.test/x) [thirteen](https://x.test/"onmouseover="p())

[ref]: javascript:p() "title"

```"><img src=x onerror=p()>
</code></pre><script>p()</script>
```

<div onclick=p()><script>p()</script></div>

| <img src=x onerror=p()> | `<xss>` |
| --- | --- |
| [x](javascript:p()) | ~~<xss>~~ |

# <script>p()</script> {onclick=p()}

<svg><script>p()</script></svg> <!-- <xss> --> <![CDATA[<xss>]]> <?xss ?> <!xss>
"""

EVERYTHING = " ".join((*SHORT, *LONG))
