# imap_notify.t - NOTIFY: what happens in the selected mailbox and in others, told at any time
# rfc: 5465 NOTIFY
# covers: NM-20
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $serial = 0;

# Everything that was done by now has been told: a change of a mailbox of its own comes behind it.  Twice, since the
# selected mailbox is looked at behind the others.
sub heard {
    my ($w) = @_;
    my @lines;
    for (1 .. 2) {
        $w->{fence}->ok("SETMETADATA $w->{p}fence (/private/comment \"" . ++$serial . '")');
        while (1) {
            my $line = $w->{c}->response;
            last if $line =~ /^\* METADATA "?\Q$w->{p}\Efence"? \/private\/comment/;
            push @lines, $line;
        }
    }
    s/"//g, s/\r\n/|/g for @lines;
    return join ' / ', @lines;
}
# A command of the session itself: its untagged responses and its result.
sub told { my ($c, $command, @rest) = @_; my $r = $c->cmd($command, @rest); my @l = @{ $r->{untagged} }; s/"//g for @l; return join ' / ', @l, "$r->{status} $r->{text}" }
sub notify { my ($w, $groups) = @_; return told($w->{c}, "NOTIFY SET $groups (mailboxes $w->{p}fence (MailboxMetadataChange))") }
sub message { my ($subject) = @_; return "From: alice\@x\r\nTo: bob\@x\r\nSubject: $subject\r\n\r\nbody\r\n" }

for my $variant ([ 'no', 'no', 'INBOX.', '.' ], [ 'yes', 'yes', '', '/' ], [ 'no', 'yes', 'INBOX/', '/' ]) {
    my ($alt, $unix, $p, $sep) = @$variant;
    subtest "altnamespace $alt, unixhierarchysep $unix" => sub {
        my $i = Halcyon::Test->new(idled => 1, conf => { altnamespace => $alt, unixhierarchysep => $unix, allowallsubscribe => 'yes' });
        $i->create_users('alice', 'bob');
        my ($c, $d, $bob, $admin) = map { $i->imap(user => $_) } 'alice', 'alice', 'bob', 'cyrus';
        my $w = { c => $c, fence => $d, p => $p };
        my $root = $alt eq 'yes' ? 'Other Users/' : "user$sep";
        $d->ok("CREATE ${p}$_") for 'fence', 'Lists', "Lists${sep}Lemonade", "Lists${sep}Im2000", 'misc';
        my ($lists, $lemonade, $im, $misc) = ("${p}Lists", "${p}Lists${sep}Lemonade", "${p}Lists${sep}Im2000", "${p}misc");
        my %v;
        for ('INBOX', $lists, $lemonade, $im, $misc) { ($v{$_}) = join(' ', $d->ok("STATUS $_ (UIDVALIDITY)")) =~ /UIDVALIDITY (\d+)/ }
        like(join(' ', $c->ok('CAPABILITY')), qr/ NOTIFY /, 'advertised');

        # ---- 3.1: the example (with the parentheses of section 8, and both events as section 5 wants)
        $d->ok('APPEND INBOX ', \message('first'));
        $d->ok("APPEND $lemonade ", \message('one'));
        my $r = notify($w, "status (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) (subtree $lists (MessageNew MessageExpunge))");
        is($r, "* STATUS $lists (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v{$lists}) / * STATUS $im (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v{$im}) / "
            . "* STATUS $lemonade (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v{$lemonade}) / OK Completed", 'STATUS of the subtree');
        is(heard($w), '', 'nothing yet');
        $c->ok('SELECT INBOX');
        $d->ok("APPEND $lemonade ", \message('two'));
        is(heard($w), "* STATUS $lemonade (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v{$lemonade})", 'a message there');
        $bob->ok('LOGOUT');
        $i->fill('alice', "From: alice\@example.org\r\nSubject: Re: good morning\r\nTo: bob\@example.org\r\nX-Other: z\r\n\r\nhi\r\n");
        like(heard($w), qr/^\* 2 EXISTS \/ \* 2 RECENT \/ \* 2 FETCH \(UID 2 BODY\[HEADER\.FIELDS \(from to subject\)\] \{\d+\}\|From: alice\@example.org\|Subject: Re: good morning\|To: bob\@example.org\|\|\)$/i,
            'a message in INBOX, between commands');
        $d->ok("APPEND $misc ", \message('x'));
        $d->ok("SELECT $lemonade");
        $d->ok('STORE 1 +FLAGS (\Seen)');
        is(heard($w), '', 'what was not asked for');
        is(notify($w, "(selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) (subtree $lists (MessageNew MessageExpunge)) (mailboxes $misc (MessageNew MessageExpunge))"), 'OK Completed', 'one more mailbox, without STATUS');
        $d->ok("APPEND $misc ", \message('y'));
        is(heard($w), "* STATUS $misc (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v{$misc})", '... is watched');
        $d->ok('STORE 1 +FLAGS (\Deleted)');
        $d->ok('EXPUNGE');
        is(heard($w), "* STATUS $lemonade (MESSAGES 1 UIDNEXT 3 UIDVALIDITY $v{$lemonade})", 'an expunge elsewhere');
        # what the session does itself
        is(told($c, "APPEND $misc ", \message('own')), 'OK [APPENDUID ' . $v{$misc} . ' 3] Completed', 'own APPEND: nothing said');
        is(heard($w), '', '... nor later');
        is(told($c, 'APPEND INBOX ', \message('own')), "* 3 EXISTS / * 3 RECENT / OK [APPENDUID $v{INBOX} 3] Completed", 'own APPEND to the selected mailbox: EXISTS, no FETCH');
        is(told($c, 'UID COPY 3 INBOX'), "* 4 EXISTS / * 4 RECENT / OK [COPYUID $v{INBOX} 3 4] Completed", '... nor for COPY');
        is(heard($w), '', '... nor later');

        # ---- 4: IDLE tells the same; SELECTED tells expunges at once, also those that FETCH held back
        $d->ok('SELECT INBOX');
        $d->ok('UID STORE 2 +FLAGS (\Deleted)');
        $c->send("I1 IDLE\r\n");
        is($c->line, '+ idling', 'IDLE');
        $d->ok('UID EXPUNGE 2');
        $d->ok("APPEND $misc ", \message('z'));
        is(join(' / ', sort(split m{ / }, heard($w))), "* 2 EXPUNGE / * STATUS $misc (MESSAGES 4 UIDNEXT 5 UIDVALIDITY $v{$misc})", 'both kinds; no flags');
        $c->send("DONE\r\n");
        is($c->line, 'I1 OK Completed', 'DONE');
        $d->ok('UID STORE 3 +FLAGS (\Deleted)');
        $d->ok('UID EXPUNGE 3');
        is(heard($w), '* 2 EXPUNGE', 'an expunge between commands');

        # ---- 5.1: flags
        is(notify($w, '(selected (MessageNew MessageExpunge FlagChange)) (personal (MessageNew FlagChange MessageExpunge))'), '* 1 FETCH (FLAGS (\Recent) UID 1) / OK Completed' =~ s/.*\/ //r, 'FlagChange')
            or diag 'accumulated flags';
        $d->ok('UID STORE 1 +FLAGS ($Junk)');
        my $flags = heard($w);
        like($flags, qr/^\* FLAGS \(.*\$Junk\) \/ \* OK \[PERMANENTFLAGS .* \/ \* 1 FETCH \(FLAGS \(.*\$Junk\) UID 1\)$/, 'FETCH with UID and FLAGS');
        $d->ok("SELECT $misc");
        $d->ok('STORE 1 +FLAGS.SILENT (\Seen)');
        is(heard($w), "* STATUS $misc (UIDVALIDITY $v{$misc} UNSEEN 3)", 'another mailbox');
        $c->ok('ENABLE CONDSTORE');
        $d->ok('STORE 1 +FLAGS.SILENT (\Flagged)');
        my ($modseq) = join(' ', $d->ok("STATUS $misc (HIGHESTMODSEQ)")) =~ /HIGHESTMODSEQ (\d+)/;
        is(heard($w), "* STATUS $misc (UIDVALIDITY $v{$misc} UNSEEN 3 HIGHESTMODSEQ $modseq)", 'with CONDSTORE');
        like(notify($w, "STATUS (mailboxes $misc (MessageNew MessageExpunge FlagChange))"), qr/^\* STATUS $misc \(MESSAGES 4 UIDNEXT 5 UIDVALIDITY $v{$misc} HIGHESTMODSEQ $modseq\) \/ OK/, 'STATUS at once has it, too');

        # ---- without SELECTED the picture of the selected mailbox stands still; SET again tells what was missed
        $d->ok('SELECT INBOX');
        $d->ok('APPEND INBOX ', \message('missed'));
        $d->ok('UID STORE 1 +FLAGS (\Answered)');
        $d->ok('UID STORE 4 +FLAGS (\Deleted)');
        $d->ok('UID EXPUNGE 4');
        is(heard($w), '', 'no selected mailbox: nothing');
        is(told($c, 'NOOP'), 'OK Completed', '... not with NOOP');
        like(notify($w, '(selected-delayed (MessageNew MessageExpunge FlagChange))'), qr/^\* 2 EXPUNGE \/ \* 2 EXISTS \/ \* 1 RECENT \/ \* 1 FETCH \(FLAGS \(\\Recent \\Answered.*\) UID 1 MODSEQ \(\d+\)\) \/ OK Completed$/, 'accumulated changes');
        $d->ok('APPEND INBOX ', \message('more'));
        $d->ok('UID STORE 5 +FLAGS (\Deleted)');
        $d->ok('UID EXPUNGE 5');
        like(heard($w), qr/^\* 3 EXISTS \/ \* \d+ RECENT( \/ \* 2 FETCH \(.*\))?$/, 'SELECTED-DELAYED: new ones, no expunge');
        like(told($c, 'FETCH 1 UID'), qr/^\* 1 FETCH \(UID 1\) \/ OK/, '... nor with FETCH');
        like(told($c, 'NOOP'), qr/^\* 2 EXPUNGE \/ OK/, '... but with NOOP');
        is(told($c, 'NOTIFY NONE'), 'OK Completed', 'NONE');
        $d->ok('APPEND INBOX ', \message('silence'));
        is(told($c, 'NOOP'), 'OK Completed', 'nothing is told');
        $c->ok('UID STORE 1 +FLAGS.SILENT (\Deleted)');
        like(told($c, 'EXPUNGE'), qr/^\* 1 EXPUNGE \/ OK/, '... but what a command asks for is');
        $d->ok('APPEND INBOX ', \message('first again'));
        $c->ok('SELECT INBOX');

        # ---- 5.4, 5.5: names
        is(notify($w, '(personal (MailboxName SubscriptionChange))'), 'OK Completed', 'names');
        my ($new, $below) = ("${p}New", "${p}New${sep}Below");
        my $inbox = $alt eq 'yes' ? '' : " / * LIST (\\HasChildren) $sep INBOX";
        $d->ok("CREATE $new");
        is(heard($w), "* LIST (\\HasNoChildren) $sep $new$inbox", 'CREATE: mailbox and parent');
        $d->ok("CREATE $below");
        is(heard($w), "* LIST (\\HasNoChildren) $sep $below / * LIST (\\HasChildren) $sep $new", '... of a child');
        $d->ok("SUBSCRIBE $new");
        is(heard($w), "* LIST (\\HasChildren \\Subscribed) $sep $new", 'SUBSCRIBE');
        $d->ok("RENAME $new ${p}Other");
        is(heard($w), "* LIST (\\HasChildren) $sep ${p}Other (OLDNAME ($new))", 'RENAME: once, with OLDNAME');
        $d->ok("UNSUBSCRIBE $new");
        is(heard($w), "* LIST (\\NonExistent) $sep $new", 'UNSUBSCRIBE of what is no more');
        $d->ok("DELETE ${p}Other${sep}Below");
        is(heard($w), "* LIST (\\NonExistent) $sep ${p}Other${sep}Below / * LIST (\\HasNoChildren) $sep ${p}Other", 'DELETE');
        $d->ok("DELETE ${p}Other");
        is(heard($w), "* LIST (\\NonExistent) $sep ${p}Other$inbox", '... of the last one');
        is(told($c, "CREATE ${p}Own") =~ /^(\S+)/ && $1, 'OK', 'own CREATE');
        is(heard($w), '', '... is not told');
        $d->ok("RENAME INBOX ${p}Saved");
        like(heard($w), qr/\* LIST \(\\HasNoChildren\) \Q$sep ${p}Saved (OLDNAME (INBOX))\E$/, 'INBOX renamed: no event for INBOX')
            and $c->ok('SELECT INBOX');

        # ---- 5.6, 5.7: annotations
        is(notify($w, '(personal (MailboxMetadataChange ServerMetadataChange))'), 'OK Completed', 'annotations');
        $d->ok('SETMETADATA INBOX (/shared/comment "x" /private/comment "y")');
        is(heard($w), '* METADATA INBOX /shared/comment /private/comment', 'of a mailbox');
        $d->ok('SETMETADATA INBOX (/shared/comment NIL)');
        is(heard($w), '* METADATA INBOX /shared/comment', '... removed');
        $admin->ok('SETMETADATA "" (/shared/comment "hi")');
        is(heard($w), '* METADATA  /shared/comment', 'of the server');
        $admin->ok('SETMETADATA "" (/private/comment "mine")');
        is(heard($w), '', 'private ones of others are not told');

        # ---- rights
        $c->logout;
        $c = $w->{c} = $i->imap(user => 'alice');
        $bob = $i->imap(user => 'bob');
        $bob->ok('CREATE ' . $p . 'shop');
        $bob->ok('CREATE ' . $p . 'hidden');
        my $shop = $alt eq 'yes' ? 'Other Users/bob/shop' : "user${sep}bob${sep}shop";
        my $theirs = $shop =~ s/.shop$//r;
        my $hidden = $shop =~ s/shop$/hidden/r;
        my $users = $alt eq 'yes' ? '"Other Users"' : 'user';
        is(notify($w, "STATUS (mailboxes (\"$shop\" \"$hidden\" nosuch) (MessageNew MessageExpunge MailboxName MailboxMetadataChange))"), 'OK Completed', 'mailboxes that there are not, for this user');
        $bob->ok("APPEND ${p}shop ", \message('secret'));
        $bob->ok("SETMETADATA ${p}shop (/shared/comment \"x\")");
        is(heard($w), '', 'nothing of what may not be looked up');
        $bob->ok("SETACL ${p}shop alice l");
        is(heard($w), "* LIST (\\HasNoChildren) $sep $shop", 'l is granted: as if it were created');
        $bob->ok("APPEND ${p}shop ", \message('secret'));
        $bob->ok("SETMETADATA ${p}shop (/shared/comment \"x\")");
        is(heard($w), '', '... messages need r');
        is(notify($w, "STATUS (mailboxes (\"$shop\" \"$hidden\") (MessageNew MessageExpunge MailboxName MailboxMetadataChange))"), "* LIST (\\NoAccess \\HasNoChildren) $sep $shop / OK Completed", 'NOTIFY without r: \NoAccess');
        $bob->ok("SETACL ${p}shop alice lr");
        my ($bv) = join(' ', $bob->ok("STATUS ${p}shop (UIDVALIDITY)")) =~ /UIDVALIDITY (\d+)/;
        is(heard($w), "* LIST (\\HasNoChildren) $sep $shop / * STATUS $shop (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $bv)", 'r is granted');
        $bob->ok("APPEND ${p}shop ", \message('public'));
        $bob->ok("SETMETADATA ${p}shop (/shared/comment \"x\" /private/comment \"y\")");
        is(heard($w), "* STATUS $shop (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $bv) / * METADATA $shop /shared/comment", 'a mailbox of bob');
        is(notify($w, "STATUS (subtree $users (MessageNew MessageExpunge MailboxName))"), "* STATUS $shop (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $bv) / OK Completed", 'all mailboxes of others');
        $bob->ok("APPEND ${p}hidden ", \message('secret'));
        $bob->ok("CREATE ${p}hidden2");
        $bob->ok("APPEND ${p}shop ", \message('public'));
        is(heard($w), "* STATUS $shop (MESSAGES 4 UIDNEXT 5 UIDVALIDITY $bv)", '... only what may be seen');
        $bob->ok("SETACL ${p}shop alice l");
        is(heard($w), "* LIST (\\NoAccess \\HasNoChildren) $sep $shop", 'r is taken away');
        $bob->ok("SETACL ${p}shop alice lr");
        heard($w);
        $bob->ok("DELETEACL ${p}shop alice");
        is(heard($w), "* LIST (\\NonExistent \\NoAccess) $sep $shop / * LIST (\\NonExistent) $sep $theirs", 'l is taken away, and the parent is affected');
        $bob->ok("RENAME ${p}shop ${p}shop2");
        $bob->ok("DELETE ${p}hidden");
        is(heard($w), '', 'and no trace of what happens there');
        $bob->ok("SETACL ${p}shop2 alice lr");
        heard($w);
        $bob->ok("RENAME ${p}shop2 ${p}shop");
        like(heard($w), qr/^\* LIST \(\\HasNoChildren\) \Q$sep $shop (OLDNAME (${shop}2))\E/, 'RENAME of a shared one');
        $bob->ok("DELETE ${p}shop");
        is(heard($w), "* LIST (\\NonExistent) $sep $shop / * LIST (\\NonExistent) $sep $theirs", 'DELETE of a shared one');

        # ---- 6.4: subscribed, evaluated anew
        $bob->ok("SETACL ${p}hidden2 alice lr");
        heard($w);
        my $h2 = "${hidden}2";
        is(notify($w, '(subscribed (MessageNew MessageExpunge SubscriptionChange))'), 'OK Completed', 'subscribed');
        $bob->ok("APPEND ${p}hidden2 ", \message('a'));
        is(heard($w), '', 'not subscribed');
        $d->ok("SUBSCRIBE \"$h2\"");
        is(heard($w), "* LIST (\\HasNoChildren \\Subscribed) $sep $h2", 'subscribed by another session');
        $bob->ok("APPEND ${p}hidden2 ", \message('b'));
        like(heard($w), qr/^\* STATUS \Q$h2\E \(MESSAGES 2 UIDNEXT 3 UIDVALIDITY \d+\)$/, '... is watched');
        $d->ok("UNSUBSCRIBE \"$h2\"");
        is(heard($w), "* LIST (\\HasNoChildren) $sep $h2", 'and back');
        $bob->ok("APPEND ${p}hidden2 ", \message('c'));
        is(heard($w), '', 'not any more');
        is(told($c, "SUBSCRIBE \"$h2\""), 'OK Completed', 'subscribed by itself');
        $bob->ok("APPEND ${p}hidden2 ", \message('d'));
        like(heard($w), qr/^\* STATUS \Q$h2\E \(MESSAGES 4 UIDNEXT 5 UIDVALIDITY \d+\)$/, '... is watched');

        # ---- section 6: one mailbox in two groups; SELECTED goes before
        is(notify($w, '(mailboxes INBOX (Messagenew messageExpunge)) (personal (SubscriptionChange))'), 'OK Completed', 'two groups');
        $d->ok('SUBSCRIBE INBOX');
        $d->ok('APPEND INBOX ', \message('e'));
        like(heard($w), qr/^\* LIST \(\\Has(No)?Children \\Subscribed\) \Q$sep\E INBOX \/ \* STATUS INBOX \(.*\)$/, 'events of both');
        $c->ok('SELECT INBOX');
        $d->ok('APPEND INBOX ', \message('f'));
        is(heard($w), '', 'selected: SELECTED alone counts');
        $c->ok('UNSELECT');
        $d->ok('APPEND INBOX ', \message('g'));
        like(heard($w), qr/^\* STATUS INBOX \(/, 'not selected any more');
        $c->ok('LOGOUT');
        $i->stop;
        is($i->faults, '', 'no complaints');
    };
}
done_testing();
