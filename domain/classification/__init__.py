"""Classification (分类): a model suggests what a complaint is about, and agents correct it."""
