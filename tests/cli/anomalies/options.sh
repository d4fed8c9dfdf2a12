# what is refused, and how
story s
ghost anomalies ./s --only never_caled
ghost anomalies ./s --exc-threshold 5
ghost anomalies ./s --update-baseline
ghost anomalies ./s --baseline nowhere
ghost anomalies ./s --explain 12
ghost anomalies ./s --source nowhere
