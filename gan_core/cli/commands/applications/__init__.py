"""Commands that use what was trained, or fill tables and pictures: a module each."""
