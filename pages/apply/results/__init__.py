"""What came of a job: sentences, charts, pictures, films and files."""
