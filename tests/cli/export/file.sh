# -o appears whole, or not at all; what was there stays when writing fails
story s
ghost export ./s -o out.json && ghost export ./s | cmp - out.json && ls
echo old > kept.json
ghost export ./s -o /dev/null/out.json; echo status $?
ghost export ./missing -o kept.json; echo status $?
cat kept.json; ls
(umask 077; ghost export ./s -o private.json 2>/dev/null; stat -c %a private.json)
