"""What writes the generated part of docs/: pictures, pages of stacks, quotes, references. The rest people write."""
