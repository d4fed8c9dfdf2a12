story s
ghost report s/100-00000001.ghost --modules --top 3
