"""What bloat-o-meter prints."""

from __future__ import annotations

OUTPUT = """\
add/remove: 1/2 grow/shrink: 1/1 up/down: 146/-1168 (-1022)
Function                                     old     new   delta
prep_compound_page                             -     123    +123
vmemmap_remap_free.constprop.0               200     223     +23
__pfx_page_fixed_fake_head                    16       -     -16
page_fixed_fake_head                        1100       -   -1100
hugetlb_vmemmap_init                         152     100     -52
Total: Before=3456789, After=3455767, chg -0.03%
"""
