"""
The process that workers are forked from imports this: sympy and the LaTeX grammar, which take seconds to load and whose
tables the first expressions build. Importing it does all the work; nothing in it is used or changed afterwards.
"""

from maft.grade.checker import Checker

for a, b in (
    ("\\frac{1}{2}", "0.5"),
    ("(0,1]", "0<x\\le 1"),
    ("\\begin{pmatrix} 1 \\\\ x^2 \\end{pmatrix}", "3(n^2-6)"),
):
    Checker().check(a, b)
