#!/usr/bin/perl
# doveadm.t - Dovecot's doveadm over imapc reads our account and backs it up, nothing missing
# covers: IM-01 IM-09
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Peer;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 31);
my $c = $i->imap(user => 'alice');
$c->ok("CREATE $_") for 'INBOX.Work', 'INBOX.Work.Old';
$c->ok('APPEND INBOX.Work.Old (\Seen $Label) "01-Feb-2015 10:00:00 +0100" ', \Halcyon::Corpus::made(32)->{bytes});
$c->ok('SELECT INBOX');
$c->ok('UID STORE 2:4 +FLAGS (\Seen)');
$c->ok('UID STORE 7,9 +FLAGS (\Deleted)');
$c->ok('EXPUNGE');

my $dovecot = Halcyon::Peer->get('dovecot');
my $w = Halcyon::Job->new($i);
$w->dir($_, 0700) for 'home', 'run';
$w->file('dove.conf', <<"EOT", 0600);
ssl = no
base_dir = ${\$w->path('run')}
log_path = /dev/stderr
mail_plugin_dir = ${\$dovecot->root}/usr/lib/dovecot/modules
libexec_dir = ${\$dovecot->root}/usr/lib/dovecot
mail_location = maildir:~/md
imapc_host = 127.0.0.1
imapc_port = $i->{port}{imap}
imapc_user = alice
imapc_password = secret
imapc_features = rfc822.size fetch-headers
first_valid_uid = 1
namespace inbox {
  inbox = yes
  separator = .
  prefix =
}
EOT

# doveadm looks for doveconf at its installed path; started by doveconf it does not have to.
sub doveadm {
    my ($what, @args) = @_;
    my $r = $w->run([ $dovecot->program('doveconf'), '-f', 'service=doveadm', '-c', $w->path('dove.conf'), '-m', 'doveadm',
                      '-e', $dovecot->program('doveadm'), @args ],
        peer => $dovecot, env => { HOME => $w->path('home'), USER => 'alice' });
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    unlike($r->{err}, qr/Error|Panic|Fatal/, "$what: no complaint") or diag($r->{err});
    return $r->{out};
}
my @imapc = ('-o', 'mail_location=imapc:');

my $list = doveadm('mailbox list', @imapc, 'mailbox', 'list');
is_deeply([ sort grep { /\S/ } split /\n/, $list ], [ sort 'INBOX', 'INBOX.Work', 'INBOX.Work.Old' ], 'all mailboxes');
my $status = doveadm('mailbox status', @imapc, qw(-f tab mailbox status), 'messages uidnext unseen', '*');
my %row = map { my @f = split /\t/; $f[0] => "@f[1..$#f]" } split /\n/, $status;
is($row{INBOX}, '29 32 26', 'status of the INBOX') or diag($status);
is($row{'INBOX.Work.Old'}, '1 2 0', 'status of a folder');

my $fetch = doveadm('fetch', @imapc, '-f', 'tab', 'fetch', 'uid flags size.physical hdr.message-id', 'mailbox', 'INBOX', 'all');
my %theirs = map { my ($uid, $flags, $size, $id) = split /\t/; $uid =~ /^\d/ ? ($uid => join '|', $size, $id, join ' ', sort grep { $_ ne '\Recent' } split ' ', $flags) : () } split /\n/, $fetch;
my %ours;
for my $line ($c->ok('UID FETCH 1:* (FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])')) {
    my ($uid) = $line =~ /UID (\d+)/ or next;
    my ($flags) = $line =~ /FLAGS \((.*?)\)/;
    my ($size) = $line =~ /RFC822\.SIZE (\d+)/;
    my ($id) = $line =~ /^Message-ID: *(.*?)\r$/mi;
    $ours{$uid} = join '|', $size, $id, join ' ', sort grep { $_ ne '\Recent' } split ' ', $flags;
}
is_deeply(\%theirs, \%ours, 'fetch gives the same UIDs, flags, sizes and ids');

doveadm('backup', 'backup', '-R', 'imapc:');
my (%got, %want);
for my $path (glob $w->path('home', 'md') . '/{cur,new}/*') {
    open my $fh, '<:raw', $path or die "$path: $!";
    local $/;
    (my $text = <$fh>) =~ s/\r?\n/\r\n/g;
    $got{ sha1_hex($text) }++;
}
for my $line ($c->ok('UID FETCH 1:* (BODY.PEEK[])')) {
    my ($size, $text) = $line =~ /BODY\[\] \{(\d+)\}\r\n(.*)\z/s or next;
    $want{ sha1_hex(substr $text, 0, $size) }++;
}
is_deeply(\%got, \%want, 'the backup holds every message, byte for byte');
is(scalar(my @old = glob $w->path('home', 'md', '.INBOX.Work.Old') . '/{cur,new}/*'), 1, 'and the folder');
doveadm('backup again', 'backup', '-R', 'imapc:');

$c->logout;
is($i->faults, '', 'no process reported a fault');
done_testing();
