"""Manager: runs controllers: watches what they see, carries out what they ask for, tries again."""
