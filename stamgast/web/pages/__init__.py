"""What people see: pages of HTML that one look, one set of texts and one policy hold together.

`rendering` makes a page, `languages` its texts, `formats` its money and days, `looks` a merchant's colour,
`static_files` what browsers keep. An area of pages is a package beside them: its handlers; its templates stand in
`templates/<area>/`.
"""
