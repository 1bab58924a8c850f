# scripts are listed in Makefile.am; conf2man in lib/conf
