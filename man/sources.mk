dist_man_MANS += man/cvt_cyrusdb.8 man/cyr_buildinfo.8 man/cyr_dbtool.8 man/cyr_info.8 man/deliver.8 man/imapd.8 man/lmtpd.8 man/mbexamine.8 man/mkimap.8 man/pop3d.8
