"""What the app is made of on AWS: the catalogue of names and settings, and one module per CloudFormation stack."""
