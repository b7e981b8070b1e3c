"""Terminal output as an SVG for the README:  ./zoorank demo --out /tmp/demo | python3 docs/images/picture.py './zoorank demo' > docs/images/demo.svg"""
import html
import re
import sys
import textwrap

COLUMNS, LINE, WIDTH = 104, 18, 7.85
NO_BREAK = "\u00a0"   # renderers that fold blanks leave these
lines = [f"$ {sys.argv[1]}"]
for line in sys.stdin.read().rstrip().split("\n"):
    lines += textwrap.wrap(line, COLUMNS, subsequent_indent="  ") if len(line) > COLUMNS else [line.rstrip()]
height, width = LINE * len(lines) + 36, WIDTH * COLUMNS + 36
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img" aria-label="Output of {html.escape(sys.argv[1])}">')
print(f'<rect width="100%" height="100%" rx="10" fill="#16202c"/><g font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="13" fill="#dbe4ee" xml:space="preserve">')
for number, line in enumerate(lines):
    if line:
        first = re.match(r" *\S+ +1 ", line)
        style = ' fill="#7fd3a8"' if number == 0 else ' fill="#ffffff" font-weight="bold"' if first else ""
        # Each line gets its own length, so that columns meet whatever font the reader has.
        print(f'<text x="18" y="{18 + LINE * (number + 1) - 6}" textLength="{WIDTH * len(line):.1f}" lengthAdjust="spacingAndGlyphs"{style}>{html.escape(line).replace(" ", NO_BREAK)}</text>')
print("</g></svg>")
