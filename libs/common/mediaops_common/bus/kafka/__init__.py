"""The bus on Kafka. What is known of aiokafka is in `clients`, `control` and `describing` alone."""
