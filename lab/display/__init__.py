"""What is to be drawn, without Qt: sources of rows, plots resolved from declarations, files of what came out."""
