"""What differs between databases; ``base`` says what each must do."""
