"""What shops keep in sheets: cells, dates, headings and lines of CSVs as spreadsheets and tills write them."""
